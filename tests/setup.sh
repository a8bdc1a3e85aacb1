# shellcheck shell=bash
# Makes a fresh Debian or Ubuntu ready to run meshtui, its lab and its tests: packages
# where we are root, and a virtual environment in .venv. Sourced from the repository;
# `needs=demo` before it: as much as the demo needs.

packages=()
# Debian's python3 makes no environment without it.
python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || packages+=(python3-venv)
python_packages='.' modules='meshtui'
if [ "${needs:-}" != demo ]; then
    python_packages='.[dev]' modules='meshtui, pytest'
    packages+=(
        openssh-client openssh-server sudo                             # meshtui, and hosts to reach
        wireguard-tools wireguard-go iproute2 iputils-ping nftables iptables    # the lab
        debootstrap systemd-container                                  # its hosts with systemd
        tmux shellcheck dash busybox fish tcsh fonts-dejavu-core       # the tests
    )
fi

missing=()
# So written for the bash of macOS, to which an empty list is unset.
for package in ${packages[@]+"${packages[@]}"}; do
    dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
done
if ((${#missing[@]})); then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing ${missing[*]}" >&2
        apt-get update -qq
        # A recommended package of wireguard-tools is a whole kernel.
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    else
        echo "not root, or no apt: what needs ${missing[*]} is left out" >&2
    fi
fi

if ! .venv/bin/python -c "import $modules" 2>/dev/null; then
    for python in python3.13 python3.12 python3.11 python3; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi
    done
    echo "making .venv, once: this takes a minute" >&2
    "$python" -m venv .venv
    .venv/bin/python -m pip install -q --disable-pip-version-check -e "$python_packages"
fi
