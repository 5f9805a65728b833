# What the scripts share. Sourced, never run. Every message is said in Chinese, then in English.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit 1
export PIP_DISABLE_PIP_VERSION_CHECK=1 UV_PYTHON_DOWNLOADS=never
# Images of containers like to set it; then every process compiles all of Django anew, 1.5 s each.
unset PYTHONDONTWRITEBYTECODE

say() { printf '· %s\n' "$1" >&2; }

fail() { # Chinese, English
    printf '\n✗ %s\n  %s\n' "$1" "$2" >&2
    exit 1
}

free_mb() { df -Pm "$1" | awk 'NR == 2 { print $4 }'; }

# apt_install PACKAGE…: from the distribution, as root or by sudo without a password; false where neither can be.
apt_install() {
    local as=()
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || return 1
        as=(sudo -n)
    fi
    say "apt-get install $*"
    local install=("${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@")
    "${install[@]}" >/dev/null 2>&1 || { "${as[@]}" apt-get update -qq && "${install[@]}" >/dev/null; } >&2
}

# Sets PY to a Python that is new enough: $PYTHON, python3, or one with its version in its name.
find_python() {
    local name
    for name in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python3.14; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            PY=$(command -v "$name")
            return
        fi
    done
    local have
    have=$(python3 --version 2>/dev/null || echo "无 / none")
    fail "需要 Python 3.11 或更新，本机是：$have。请安装后重试；若装在别处：make up PYTHON=/路径/python3.12" \
        "Python 3.11 or newer is needed, this machine has: $have. Install one, or: make up PYTHON=/path/to/python3.12"
}

# Sets UV: the one on the PATH, else the locked one in .venv-boot.
find_uv() {
    find_mirror
    UV=$(command -v uv) && return
    UV=$ROOT/.venv-boot/bin/uv
    "$UV" --version >/dev/null 2>&1 && return
    if ! "$PY" -c 'import ensurepip, venv' 2>/dev/null && ! apt_install python3-venv; then
        fail "这个 Python 缺 venv 模块，而这里不能代为安装。请运行：sudo apt-get install python3-venv，再重试。" \
            "This Python has no venv module and it cannot be installed from here. Run: sudo apt-get install python3-venv"
    fi
    say "安装工具 uv · getting uv"
    rm -rf .venv-boot
    "$PY" -m venv .venv-boot >&2 || install_failed .venv-boot
    echo '*' >.venv-boot/.gitignore
    .venv-boot/bin/pip install --quiet --retries 2 --require-hashes -r requirements-boot.lock >&2 || install_failed uv
}

# A mirror that pip is set to serves uv too, which does not read pip's settings.
find_mirror() {
    [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ] || return 0
    local index
    index=${PIP_INDEX_URL:-$("$PY" -m pip config get global.index-url 2>/dev/null || true)}
    [ -z "$index" ] || export UV_DEFAULT_INDEX=$index
}

install_failed() { # what
    if [ "$(free_mb .)" -lt 300 ]; then
        fail "磁盘已满：$ROOT 所在分区只剩 $(free_mb .) MB。请腾出至少 2 GB 再试。" \
            "The disk is full: $(free_mb .) MB left under $ROOT. Free at least 2 GB and try again."
    fi
    fail "安装 $1 失败（原因见上）。多半是网络不通：请检查网络；经代理上网设 HTTPS_PROXY；内网设镜像：PIP_INDEX_URL（Python）、npm config set registry（npm）。修好后再运行同一命令，会接着做。" \
        "Installing $1 failed (see above), most likely for want of a network. Behind a proxy set HTTPS_PROXY; with a mirror set PIP_INDEX_URL (Python) or npm config set registry (npm). Then run the same command again."
}
