# As the command of Kerio Connect: what a program of the host writes goes to port 25.
import argparse
import os
import smtplib
import sys

parser = argparse.ArgumentParser()
parser.add_argument('-f', default='root')
parser.add_argument('-i', action='store_true')
for option in ('-R', '-V', '-N'):
    parser.add_argument(option)
parser.add_argument('recipients', nargs='+')
options = parser.parse_args([word for word in sys.argv[1:] if word != '--'])
sender = '' if options.f == '<>' else options.f
try:
    with smtplib.SMTP('127.0.0.1', 25, timeout=30) as server:
        server.sendmail(sender, options.recipients, sys.stdin.buffer.read().replace(b'\n', b'\r\n'))
except (OSError, smtplib.SMTPException) as error:
    print(error)
    sys.exit(os.EX_TEMPFAIL)
