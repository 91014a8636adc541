#!/bin/sh
# Print the newest Python from 3.11 on: of the PATH, and of what version managers keep, also where
# HOME is another than the user's own.
# The function is deployed on 3.13 and a sandbox needs 3.12: tests run on what is deployed
# wherever it is to be had.
own=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6)
managed=
for home in "$HOME" "$own"; do
	managed="$managed
		${PYENV_ROOT:-$home/.pyenv}/versions/3.1[1-4]*/bin/python3
		${ASDF_DATA_DIR:-$home/.asdf}/installs/python/3.1[1-4]*/bin/python3
		${MISE_DATA_DIR:-$home/.local/share/mise}/installs/python/3.1[1-4]*/bin/python3
		${UV_PYTHON_INSTALL_DIR:-$home/.local/share/uv/python}/cpython-3.1[1-4]*/bin/python3"
done
for candidate in \
	python3 python3.14 python3.13 python3.12 python3.11 $managed \
	/opt/homebrew/bin/python3.1[1-4] /usr/local/bin/python3.1[1-4]; do
	"$candidate" -c 'import sys, ensurepip; v = sys.version_info
if (3, 11) <= v < (3, 15) and v.releaselevel == "final":
    print("%d.%d.%d" % v[:3], sys.executable)' 2>/dev/null
done | sort -t. -k1,1n -k2,2n -k3,3n | tail -n 1 | cut -d" " -f2-
