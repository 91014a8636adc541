#!/bin/sh
# Print the newest Python from 3.11 on: of the PATH, and of what version managers keep.
# The function is deployed on 3.13 and a sandbox needs 3.12: tests run on what is deployed
# wherever it is to be had.
for candidate in \
	python3 python3.14 python3.13 python3.12 python3.11 \
	"${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[1-4]*/bin/python3 \
	"${ASDF_DATA_DIR:-$HOME/.asdf}"/installs/python/3.1[1-4]*/bin/python3 \
	"${MISE_DATA_DIR:-$HOME/.local/share/mise}"/installs/python/3.1[1-4]*/bin/python3 \
	"${UV_PYTHON_INSTALL_DIR:-$HOME/.local/share/uv/python}"/cpython-3.1[1-4]*/bin/python3 \
	/opt/homebrew/bin/python3.1[1-4] /usr/local/bin/python3.1[1-4]; do
	"$candidate" -c 'import sys, ensurepip; v = sys.version_info
if (3, 11) <= v < (3, 15) and v.releaselevel == "final":
    print("%d.%d.%d" % v[:3], sys.executable)' 2>/dev/null
done | sort -t. -k1,1n -k2,2n -k3,3n | tail -n 1 | cut -d" " -f2-
