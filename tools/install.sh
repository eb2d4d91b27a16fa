# install.sh - sourced by ./run and ./test: Debian packages from tools/packages.txt.
#
# usage: install_packages KIND...     KIND: build, or build test
# Says what it does. Does nothing, and asks for nobody's password, when all packages are there.
# Services that come with packages (redis, etcd) are not started: tests start their own.

say() {
    echo "$program: $*" >&2
}

fail() {
    say "$*"
    exit 1
}

missing_packages() {
    for kind; do
        sed -n "s/^$kind  *//p" tools/packages.txt
    done | while read -r package; do
        case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
        *' installed') ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

# A test starts the servers that it needs: those of the packages are not for the next boot.
not_at_boot() {
    command -v systemctl >/dev/null || return 0
    for package; do
        dpkg -L "$package" 2>/dev/null | sed -n 's|.*/systemd/system/\([^/]*\.service\)$|\1|p'
    done | sort -u | while read -r unit; do
        $sudo systemctl disable --quiet "$unit" 2>/dev/null || :
    done
}

install_packages() {
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
        fail "this is no Debian: there is no apt-get. Install what tools/packages.txt lists, then make"
    missing=$(missing_packages "$@")
    if [ -z "$missing" ]; then
        say "all packages of tools/packages.txt ($*) are installed"
        return
    fi
    if [ "$(id -u)" = 0 ]; then
        sudo=
    elif command -v sudo >/dev/null; then
        sudo=sudo
        say "installing packages needs root: sudo may ask for your password"
    else
        fail "missing packages: $missing
$program: installing them needs root, and there is no sudo here. Run this as root, or install them first"
    fi
    say "installing $missing"
    mkdir -p build
    # --no-install-recommends is no default of apt; without a terminal it must not ask.
    $sudo apt-get update -qq || fail "apt-get update failed: see above"
    # Debian's way to say that nothing is to be started now; whoever has said so already is right.
    policy=/usr/sbin/policy-rc.d
    made=
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null && $sudo chmod 755 $policy
        made=1
        trap '$sudo rm -f $policy' EXIT
    fi
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o Dpkg::Use-Pty=0 $missing >build/apt.log 2>&1 || {
        tail -n 20 build/apt.log >&2
        fail "apt-get install failed: see above and build/apt.log"
    }
    if [ -n "$made" ]; then
        $sudo rm -f $policy
        trap - EXIT
    fi
    # shellcheck disable=SC2086
    not_at_boot $missing
}
