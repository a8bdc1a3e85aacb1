# shellcheck shell=sh
# The last part of the program: say hello, then serve.

LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
# The line that meshtui sent tells its answer from whatever the login printed.
IFS= read -r hello
printf '%s\n' "$hello"
serve
