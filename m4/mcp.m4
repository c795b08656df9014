dnl SPDX-License-Identifier: BSD-3-Clause

dnl MCP_TRY_CFLAG(FLAG, VARIABLE): appends FLAG to VARIABLE if the compiler takes it.
AC_DEFUN([MCP_TRY_CFLAG],
    [AC_MSG_CHECKING([whether $CC takes $1])
     mcp_saved_cflags=$CFLAGS
     CFLAGS="$CFLAGS -Werror $1"
     AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
        [AC_MSG_RESULT([yes]); $2="$$2 $1"],
        [AC_MSG_RESULT([no])])
     CFLAGS=$mcp_saved_cflags])

dnl MCP_TRY_LINK(FLAG, VARIABLE): appends FLAG to VARIABLE if compiler and linker take it.
AC_DEFUN([MCP_TRY_LINK],
    [AC_MSG_CHECKING([whether $CC links with $1])
     mcp_saved_cflags=$CFLAGS
     CFLAGS="$CFLAGS -Werror $1"
     AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
        [AC_MSG_RESULT([yes]); $2="$$2 $1"],
        [AC_MSG_RESULT([no])])
     CFLAGS=$mcp_saved_cflags])

dnl MCP_FORTIFY(VARIABLE): appends -D_FORTIFY_SOURCE=3 to VARIABLE if CFLAGS optimise; glibc warns
dnl where they do not. -U first: a distribution may have set another level.
AC_DEFUN([MCP_FORTIFY],
    [AC_MSG_CHECKING([whether CFLAGS optimise])
     AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
#ifndef __OPTIMIZE__
#error "not optimising"
#endif
        ]], [])],
        [AC_MSG_RESULT([yes]); $1="$$1 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3"],
        [AC_MSG_RESULT([no])])])
