export JAVA_HOME=/opt/zimbra/common/lib/jvm/java
export PATH=/opt/zimbra/bin:${JAVA_HOME}/bin:/opt/zimbra/common/bin:/opt/zimbra/common/sbin:/usr/sbin:${PATH}
umask 0027
