umask 0027

if [ -f ~/.bashrc ]; then
    . ~/.bashrc
fi

export LANG=C
export LC_ALL=C
