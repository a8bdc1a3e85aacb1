# shellcheck shell=sh
# Joins this machine to a mesh whose meshtui cannot reach it. `meshtui invite` prints it as one
# line to paste: without comments, its lines joined by spaces. So no single quote is in it, and
# every line ends as it would in the middle of one.
#
# $1: the interface; $2: the machine's name; $3: what to type where meshtui is, but for the key;
# then the lines of the wg-quick file behind the private key, which is made here and stays here.
umask 077;
if=$1; name=$2; say=$3; conf=/etc/wireguard/$1.conf;
shift 3;
fail() { echo "meshtui invite: $*" >&2; exit 1; };
[ "$(id -u)" = 0 ] || fail "only root can do this: nothing was changed";
for tool in wg wg-quick ip; do
    command -v "$tool" >/dev/null || fail "$tool is missing, of wireguard-tools and iproute2: nothing was changed";
done;
if [ -e "$conf" ] || [ -L "$conf" ] || ip link show "$if" >/dev/null 2>&1; then
    fail "$if or $conf is there already: nothing was changed";
fi;
{
    mkdir -p /etc/wireguard && key=$(wg genkey) && public=$(echo "$key" | wg pubkey);
} || fail "no key could be made";
set -C;
{
    echo "# $name: from meshtui invite";
    echo "[Interface]";
    echo "PrivateKey = $key";
    for line; do printf "%s\n" "$line"; done;
} >"$conf" || fail "$conf cannot be written";
if [ -d /run/systemd/system ]; then
    systemctl enable --now "wg-quick@$if";
else
    echo "no systemd: run wg-quick up $if at every boot";
    wg-quick up "$if";
fi || fail "$if does not come up: put that right, rm $conf, paste this again";
echo;
echo "$if is up with the public key $public";
echo "Now type where meshtui is: $say $public";
