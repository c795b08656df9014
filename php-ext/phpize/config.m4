dnl SPDX-License-Identifier: BSD-3-Clause
dnl The folder to run phpize in: it wants to make a folder build/, and beside this one a command has
dnl that name. The sources are linked into it when it is configured.
for mcproxy_file in "$abs_srcdir"/../*.c "$abs_srcdir"/../*.h; do
  ln -sf "../${mcproxy_file##*/}" "$abs_srcdir/"
done
m4_include([../config.m4])
