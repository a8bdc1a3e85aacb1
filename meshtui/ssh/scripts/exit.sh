# shellcheck shell=sh
# What makes a host send all that has no other way through a peer: what wg-quick does at boot
# for AllowedIPs with 0.0.0.0/0 or ::/0, done to an interface that runs. More items of forward.sh:
#   reply ADDRESS  what leaves from this address of the host's goes as it did without a tunnel:
#                  whoever reached the host there, by SSH as well, is answered from there
#   tunnel 4|6     all else goes into the interface
# At boot wg-quick makes the tunnel itself, and hooks the rules for replies.
# shellcheck disable=SC2154 # dir: see at_work in arm.sh

# The rule is a new one in front of all others, as of wg-quick's.
reply_from() { # add|del ADDRESS
    ip "$(ip_family "$2")" rule "$1" from "$2" table main
}

ip_family() { # ADDRESS
    case $1 in *:*) echo -6 ;; *) echo -4 ;; esac
}

# The table that is also the mark of the interface's own packets; nothing: it has none.
tunnel_table() { # IF
    mark=$(wg show "$1" fwmark 2>/dev/null)
    case $mark in 0x*) echo "$((mark))" ;; esac
}

# Whatever of it is there already stays.
full_tunnel() { # IF 4|6
    table=$(tunnel_table "$1")
    if [ -z "$table" ]; then
        table=51820
        while [ -n "$(ip -4 route show table "$table" 2>/dev/null; ip -6 route show table "$table" 2>/dev/null)" ]; do
            table=$((table + 1))
        done
        wg set "$1" fwmark "$table" || return 1
    fi
    # Behind the rules for replies, which are there first: of the same priority, the older counts.
    rules=$(ip "-$2" rule show)
    at=$(printf '%s\n' "$rules" | awk -F: '
        $1 > 0 && !first { first = $1 }
        $1 < 32766 && !/from all/ && / lookup main *$/ { last = $1 }
        END { print last ? last : first - 1 }')
    case $rules in
        *"from all lookup main suppress_prefixlength 0"*) ;;
        *) ip "-$2" rule add table main suppress_prefixlength 0 priority "$at" || return 1 ;;
    esac
    leads_to "$table" "$rules" || ip "-$2" rule add not fwmark "$table" table "$table" priority "$at" || return 1
    [ "$2" != 4 ] || echo 1 >/proc/sys/net/ipv4/conf/all/src_valid_mark || return 1
    tunnel_firewall "$1" "$2" "$table" || return 1
    ip "-$2" route replace default dev "$1" table "$table"
}

# Nothing to do is well, too.
end_tunnel() { # IF 4|6
    table=$(tunnel_table "$1")
    [ -n "$table" ] || return 0
    while leads_to "$table" "$(ip "-$2" rule show)"; do
        ip "-$2" rule del table "$table" || return 1
    done
    ip "-$2" rule del table main suppress_prefixlength 0 2>/dev/null || :
    ip "-$2" route del default dev "$1" table "$table" 2>/dev/null || :
    end_tunnel_firewall "$1" "$2"
    # What the file asks for stays, and what the other family needs.
    grep -qsi '^[[:space:]]*fwmark[[:space:]]*=' "/etc/wireguard/$1.conf" ||
        leads_to "$table" "$(ip -4 rule show; ip -6 rule show 2>/dev/null)" || wg set "$1" fwmark 0
}

leads_to() { # TABLE RULES
    printf '%s\n' "$2" | grep -q "not from all fwmark .* lookup $1 *\$"
}

# As wg-quick's: nobody outside sends to the interface's addresses, and what comes for its own
# port is known by its mark (for rp_filter).
tunnel_firewall() { # IF 4|6 TABLE
    case $2 in 4) kind=ip tool=iptables ;; *) kind=ip6 tool=ip6tables ;; esac
    own=$(ip -o "-$2" address show dev "$1" | awk '{ sub("/.*", "", $4); print $4 }')
    if command -v nft >/dev/null; then
        ! nft list table "$kind" "wg-quick-$1" >/dev/null 2>&1 || return 0
        {
            echo "table $kind wg-quick-$1 {"
            echo 'chain preraw { type filter hook prerouting priority -300;'
            for address in $own; do
                echo "iifname != \"$1\" $kind daddr $address fib saddr type != local drop"
            done
            echo '}'
            echo "chain premangle { type filter hook prerouting priority -150; meta l4proto udp meta mark set ct mark; }"
            echo "chain postmangle { type filter hook postrouting priority -150; meta l4proto udp meta mark $3 ct mark set mark; }"
            echo '}'
        } | nft -f -
        return
    fi
    ! "$tool-save" 2>/dev/null | grep -qF "wg-quick(8) rule for $1" || return 0
    said="-m comment --comment \"wg-quick(8) rule for $1\""
    {
        echo '*raw'
        for address in $own; do
            echo "-I PREROUTING ! -i $1 -d $address -m addrtype ! --src-type LOCAL -j DROP $said"
        done
        echo COMMIT
        echo '*mangle'
        echo "-I POSTROUTING -m mark --mark $3 -p udp -j CONNMARK --save-mark $said"
        echo "-I PREROUTING -p udp -j CONNMARK --restore-mark $said"
        echo COMMIT
    } | "$tool-restore" -w -n
}

end_tunnel_firewall() { # IF 4|6
    case $2 in 4) kind=ip tool=iptables ;; *) kind=ip6 tool=ip6tables ;; esac
    if command -v nft >/dev/null; then
        nft delete table "$kind" "wg-quick-$1" 2>/dev/null || :
        return 0
    fi
    "$tool-save" 2>/dev/null | awk -v said="wg-quick(8) rule for $1\"" '
        /^\*/ || /^COMMIT/ { print }
        /^-A/ && index($0, said) { sub(/^-A/, "-D"); print }' | "$tool-restore" -w -n || :
}

# tunnels IF: "has ITEM" as in passing, and "own ADDRESS" for each by which the host may be
# reached from beyond its own networks: those of devices that lead on, and of lo.
tunnels() { # IF
    table=$(tunnel_table "$1")
    for family in 4 6; do
        rules=$(ip "-$family" rule show 2>/dev/null) || continue
        printf '%s\n' "$rules" | awk '!/from all/ && $2 == "from" && / lookup main *$/ { print "has reply", $3 }'
        if [ -n "$table" ] && leads_to "$table" "$rules" &&
            printf '%s\n' "$rules" | grep -q 'from all lookup main suppress_prefixlength 0' &&
            ip "-$family" route show table "$table" 2>/dev/null | grep -q "^default dev $1 "; then
            printf 'has tunnel %s\n' "$family"
        fi
        {
            ip "-$family" route show
            echo addresses
            ip -o "-$family" address show scope global
        } 2>/dev/null | awk -v own="$1" '
            BEGIN { leads["lo"] = 1 }
            $0 == "addresses" { listed = 1; next }
            listed {
                sub(/@.*/, "", $2)
                sub(/\/.*/, "", $4)
                if ($2 != own && $2 in leads && !/ (temporary|deprecated|tentative)/) print "own", $4
                next
            }
            / via / || $1 == "default" { for (i = 1; i < NF; i++) if ($i == "dev") leads[$(i + 1)] = 1 }'
    done
}
