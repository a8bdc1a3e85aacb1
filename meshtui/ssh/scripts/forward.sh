# shellcheck shell=sh
# What makes a host pass on what others send through it. plan/forward.py writes the same into
# the wg-quick file, as hooks. Each item of it is a line:
#   accept_ra DEV            DEV takes its routes from a router although the host is one itself
#   sysctl 4|6               the host passes packets on
#   accept CHAIN RULE        what comes first in a chain that might drop. CHAIN: FAMILY:TABLE:NAME
#                            of nft, or iptables, ip6tables. RULE: relay | to NETWORK | back
#   masquerade TOOL NETWORK  what comes from NETWORK goes on as the host's own; TOOL: nft, iptables
#   reply, tunnel            see exit.sh
# A rule's comment is "meshtui:IF" and the item's own words: by that it is found again.
# shellcheck disable=SC2154 # dir: see at_work in arm.sh

# pass_on IF ITEM
pass_on() {
    # shellcheck disable=SC2086 # words
    set -- "$1" $2
    case $2 in
        accept_ra) echo 2 >"/proc/sys/net/ipv6/conf/$3/accept_ra" ;;
        sysctl) forwarding "$3" 1 ;;
        accept)
            said="meshtui:$1 $4${5:+ $5}"
            case $3 in
                *:*)
                    # shellcheck disable=SC2046 # the chain is three words
                    nft "insert rule $(echo "$3" | tr : ' ') $(nft_match "$1" "$4" "${5:-}") accept comment \"$said\""
                    ;;
                *) xtables_rule "$1" "$3" -I "$4" "${5:-}" ;;
            esac
            ;;
        masquerade)
            case $3:$4 in
                nft:*) nft "table $(family "$4") meshtui-$1 { chain out { type nat hook postrouting priority 100; $(family "$4") saddr $4 $(family "$4") daddr != $4 oifname != \"$1\" masquerade comment \"meshtui:$1 masquerade $4\"; }; }" ;;
                *) xtables_masquerade "$1" "$3" -A "$4" ;;
            esac
            ;;
        reply) reply_from add "$3" ;;
        tunnel) full_tunnel "$1" "$3" ;;
        *) fail "unknown item: $2" ;;
    esac
}

# stop_passing IF ITEM: nothing to do is well, too: a firewall may have been loaded anew.
stop_passing() {
    # shellcheck disable=SC2086 # words
    set -- "$1" $2
    case $2:$3 in
        accept_ra:*) echo 1 >"/proc/sys/net/ipv6/conf/$3/accept_ra" ;;
        sysctl:*) forwarding "$3" 0 ;;
        accept:*:*) delete_rules "$(echo "$3" | tr : ' ')" "\"meshtui:$1 $4${5:+ $5}\"" ;;
        accept:*) xtables_rule "$1" "$3" -D "$4" "${5:-}" 2>/dev/null || : ;;
        masquerade:nft)
            table="$(family "$4") meshtui-$1"
            delete_rules "$table out" "\"meshtui:$1 masquerade $4\""
            nft list table "$table" 2>/dev/null | grep -q ' masquerade ' || nft delete table "$table" 2>/dev/null || :
            ;;
        masquerade:*) xtables_masquerade "$1" "$3" -D "$4" 2>/dev/null || : ;;
        reply:*) reply_from del "$3" 2>/dev/null || : ;;
        tunnel:*) end_tunnel "$1" "$3" ;;
        *) fail "unknown item: $2" ;;
    esac
}

forwarding() { # 4|6 0|1
    case $1 in
        4) echo "$2" >/proc/sys/net/ipv4/ip_forward ;;
        6) echo "$2" >/proc/sys/net/ipv6/conf/all/forwarding ;;
    esac
}

family() { # NETWORK
    case $1 in *:*) echo ip6 ;; *) echo ip ;; esac
}

nft_match() { # IF relay|to|back NETWORK
    case $2 in
        relay) echo "iifname \"$1\" oifname \"$1\"" ;;
        to) echo "iifname \"$1\" $(family "$3") daddr $3" ;;
        back) echo "oifname \"$1\" ct state established,related" ;;
    esac
}

delete_rules() { # "FAMILY TABLE CHAIN" COMMENT
    # shellcheck disable=SC2086 # words
    nft -a list chain $1 2>/dev/null | grep -F " comment $2 " | sed "s/.* handle /delete rule $1 handle /" | nft -f -
}

xtables_rule() { # IF TOOL -I|-D relay|to|back NETWORK
    said="meshtui:$1 $4${5:+ $5}"
    case $4 in
        relay) "$2" -w "$3" FORWARD -i "$1" -o "$1" -m comment --comment "$said" -j ACCEPT ;;
        to) "$2" -w "$3" FORWARD -i "$1" -d "$5" -m comment --comment "$said" -j ACCEPT ;;
        back) "$2" -w "$3" FORWARD -o "$1" -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "$said" -j ACCEPT ;;
    esac
}

xtables_masquerade() { # IF TOOL -A|-D NETWORK
    "$2" -w -t nat "$3" POSTROUTING -s "$4" ! -d "$4" ! -o "$1" -m comment --comment "meshtui:$1 masquerade $4" -j MASQUERADE
}

# passing IF: "has ITEM" for each that is there, and what the others depend on:
#   base CHAIN     where what is to pass goes through
#   drops CHAIN    and may be dropped
#   locked CHAIN   and only the program that made it can change that
#   ra DEV         its routes come from a router, and end once the host passes packets on
#   nat TOOL       what can masquerade
#   others         another interface of meshtui's had the host switched to passing packets on
#   own ADDRESS    see tunnels in exit.sh
passing() {
    if command -v ip >/dev/null; then
        tunnels "$1"
        ip -o -6 route show default 2>/dev/null | awk '/ proto ra / { for (i = 1; i < NF; i++) if ($i == "dev") print $(i + 1) }' |
            sort -u | while IFS= read -r dev; do
            case $(cat "/proc/sys/net/ipv6/conf/$dev/accept_ra" 2>/dev/null) in 1) echo "ra $dev" ;; 2) echo "has accept_ra $dev" ;; esac
        done
    fi
    [ "$(cat /proc/sys/net/ipv4/ip_forward)" != 1 ] || echo 'has sysctl 4'
    [ "$(cat /proc/sys/net/ipv6/conf/all/forwarding 2>/dev/null)" != 1 ] || echo 'has sysctl 6'
    if others_pass "$1"; then echo others; fi
    found=
    if command -v nft >/dev/null; then
        echo 'nat nft'
        found=$(nft_passing "$1")
    fi
    for tool in iptables ip6tables; do
        command -v "$tool" >/dev/null || continue
        command -v nft >/dev/null || echo "nat $tool"
        case $tool in iptables) kind=ip ;; *) kind=ip6 ;; esac
        # To ask it makes what it is asked for, so only where that is there already.
        case $("$tool" -V):$found in
            *nf_tables*" $kind:filter:FORWARD"*) found=$(printf '%s\n' "$found" | grep -v " $kind:filter:FORWARD") ;;
            *nf_tables*) ! command -v nft >/dev/null || continue ;;
            *) grep -qsx filter "/proc/net/${kind}_tables_names" || continue ;;
        esac
        xtables_passing "$1" "$tool"
    done
    [ -z "$found" ] || printf '%s\n' "$found"
}

# Of the base chains that forwarded packets go through: ours, and whether one may drop.
nft_passing() { # IF
    { nft -t list ruleset 2>/dev/null || nft list ruleset; } | awk -v interface="$1" '
        BEGIN { mark = " comment \"meshtui:" interface " " }
        $1 == "table" { kind = $2; table = $3; owned = 0; next }
        $1 == "flags" { owned = /owner/ }
        $1 == "chain" { chain = kind ":" table ":" $2; base = may = 0; next }
        $1 == "type" { base = $2 == "filter" && $4 == "forward" && kind ~ /^(ip|ip6|inet)$/; may = /policy drop/; if (base) print "base", chain; next }
        $1 == "}" { if (base && may) print (owned ? "locked" : "drops"), chain; base = 0; next }
        at = index($0, mark) {
            item = substr($0, at + length(mark))
            sub(/".*/, "", item)
            if (base) print "has accept", chain, item
            if (table == "meshtui-" interface) { sub(/ /, " nft ", item); print "has", item }
            next
        }
        /[^a-z](drop|reject|jump|goto|queue)([^a-z]|$)/ { may = 1 }'
}

xtables_passing() { # IF TOOL
    {
        "$2" -w -S FORWARD
        command -v nft >/dev/null || "$2" -w -t nat -S POSTROUTING
    } 2>/dev/null | awk -v interface="$1" -v tool="$2" '
        BEGIN { mark = " --comment \"meshtui:" interface " " }
        at = index($0, mark) {
            item = substr($0, at + length(mark))
            sub(/".*/, "", item)
            if ($2 == "FORWARD") print "has accept", tool, item
            else { sub(/ /, " " tool " ", item); print "has", item }
            next
        }
        $2 == "FORWARD" && ($1 == "-P" ? $3 != "ACCEPT" : / -[jg] / && ! / -j (ACCEPT|LOG|NFLOG|RETURN)( |$)/) { may = 1 }
        END { if (may) print "drops", tool }'
}

# Whether another interface's file says that it switched something on.
others_pass() { # IF
    set +f
    for other in /etc/wireguard/*.conf; do
        [ "$other" = "/etc/wireguard/$1.conf" ] || ! grep -qs '# meshtui: forward, was' "$other" || break
        other=
    done
    set -f
    [ -n "$other" ]
}

# What there is, so that it can come back: once in a change, before any of it is changed.
keep_passing() { # IF
    [ -e "$dir/passing" ] || { passing "$1" | sed -n 's/^has //p' >"$dir/passing.new" &&
        mv "$dir/passing.new" "$dir/passing"; } || fail "cannot write to $dir"
}

# Before the interface itself is as it was: what it no longer carries must not lead into it.
# The latest first, as a tunnel is later than the replies that are kept out of it.
stop_what_came() { # IF
    passing "$1" | sed -n 's/^has //p' | without "$(cat "$dir/passing")" | sed '1!G;h;$!d' | while IFS= read -r item; do
        stop_passing "$1" "$item"
    done
}

restore_passing() { # IF
    stop_what_came "$1"
    while IFS= read -r item; do
        passing "$1" | grep -qxF "has $item" || pass_on "$1" "$item" || return 1
    done <"$dir/passing"
}

# The sysctls that the file says were otherwise, unless another interface needs them.
forget_passing() { # IF
    grep -qs '# meshtui: forward, was' "/etc/wireguard/$1.conf" && ! others_pass "$1" || return 0
    sed -n 's/^PostUp = sysctl -qw \([^ =]*\)=.* # meshtui: forward, was \([01]\).*/\1=\2/p' "/etc/wireguard/$1.conf" |
        while IFS= read -r was; do sysctl -qw "$was" || :; done
}
