/* SPDX-License-Identifier: BSD-3-Clause */
/* This is a generated file, edit the .stub.php file instead.
 * Stub hash: 9c9d80b3e0595e31b1e64b5d295becc82a98ce5f */

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_McProxy_Client___construct, 0, 0, 0)
	ZEND_ARG_TYPE_MASK(0, servers, MAY_BE_ARRAY|MAY_BE_STRING, "[]")
	ZEND_ARG_TYPE_MASK(0, backups, MAY_BE_ARRAY|MAY_BE_STRING, "[]")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, options, IS_STRING, 0, "\"\"")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_McProxy_Client_get, 0, 1, IS_MIXED, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, default, IS_MIXED, 0, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_McProxy_Client_fetch, 0, 1, McProxy\\Result, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, touch, IS_LONG, 1, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_McProxy_Client_getMultiple, 0, 1, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO(0, keys, IS_ARRAY, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_McProxy_Client_fetchMultiple arginfo_class_McProxy_Client_getMultiple

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_McProxy_Client_set, 0, 2, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, value, IS_MIXED, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl, IS_LONG, 0, "0")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, flags, IS_LONG, 0, "0")
ZEND_END_ARG_INFO()

#define arginfo_class_McProxy_Client_add arginfo_class_McProxy_Client_set

#define arginfo_class_McProxy_Client_replace arginfo_class_McProxy_Client_set

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_McProxy_Client_append, 0, 2, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, value, IS_STRING, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_McProxy_Client_prepend arginfo_class_McProxy_Client_append

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_McProxy_Client_cas, 0, 3, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, value, IS_MIXED, 0)
	ZEND_ARG_TYPE_INFO(0, token, IS_LONG, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl, IS_LONG, 0, "0")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, flags, IS_LONG, 0, "0")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_McProxy_Client_setMultiple, 0, 1, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO(0, values, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl, IS_LONG, 0, "0")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_McProxy_Client_delete, 0, 1, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_McProxy_Client_deleteMultiple, 0, 1, IS_LONG, 0)
	ZEND_ARG_TYPE_INFO(0, keys, IS_ARRAY, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_McProxy_Client_touch, 0, 2, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, ttl, IS_LONG, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_McProxy_Client_increment, 0, 1, IS_LONG, 1)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, by, IS_LONG, 0, "1")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, initial, IS_LONG, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl, IS_LONG, 0, "0")
ZEND_END_ARG_INFO()

#define arginfo_class_McProxy_Client_decrement arginfo_class_McProxy_Client_increment

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_McProxy_Client_flush, 0, 0, IS_VOID, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, delay, IS_LONG, 0, "0")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_McProxy_Client_lastResult, 0, 0, McProxy\\Result, 1)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_McProxy_Client_where, 0, 1, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_McProxy_Client_servers, 0, 0, IS_ARRAY, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_McProxy_Client_stats, 0, 0, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, type, IS_STRING, 0, "\"\"")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_McProxy_Client_maintain, 0, 0, IS_VOID, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_McProxy_Client_explain, 0, 0, IS_STRING, 0)
ZEND_END_ARG_INFO()


ZEND_METHOD(McProxy_Client, __construct);
ZEND_METHOD(McProxy_Client, get);
ZEND_METHOD(McProxy_Client, fetch);
ZEND_METHOD(McProxy_Client, getMultiple);
ZEND_METHOD(McProxy_Client, fetchMultiple);
ZEND_METHOD(McProxy_Client, set);
ZEND_METHOD(McProxy_Client, add);
ZEND_METHOD(McProxy_Client, replace);
ZEND_METHOD(McProxy_Client, append);
ZEND_METHOD(McProxy_Client, prepend);
ZEND_METHOD(McProxy_Client, cas);
ZEND_METHOD(McProxy_Client, setMultiple);
ZEND_METHOD(McProxy_Client, delete);
ZEND_METHOD(McProxy_Client, deleteMultiple);
ZEND_METHOD(McProxy_Client, touch);
ZEND_METHOD(McProxy_Client, increment);
ZEND_METHOD(McProxy_Client, decrement);
ZEND_METHOD(McProxy_Client, flush);
ZEND_METHOD(McProxy_Client, lastResult);
ZEND_METHOD(McProxy_Client, where);
ZEND_METHOD(McProxy_Client, servers);
ZEND_METHOD(McProxy_Client, stats);
ZEND_METHOD(McProxy_Client, maintain);
ZEND_METHOD(McProxy_Client, explain);


static const zend_function_entry class_McProxy_Exception_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_McProxy_Result_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_McProxy_Client_methods[] = {
	ZEND_ME(McProxy_Client, __construct, arginfo_class_McProxy_Client___construct, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, get, arginfo_class_McProxy_Client_get, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, fetch, arginfo_class_McProxy_Client_fetch, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, getMultiple, arginfo_class_McProxy_Client_getMultiple, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, fetchMultiple, arginfo_class_McProxy_Client_fetchMultiple, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, set, arginfo_class_McProxy_Client_set, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, add, arginfo_class_McProxy_Client_add, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, replace, arginfo_class_McProxy_Client_replace, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, append, arginfo_class_McProxy_Client_append, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, prepend, arginfo_class_McProxy_Client_prepend, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, cas, arginfo_class_McProxy_Client_cas, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, setMultiple, arginfo_class_McProxy_Client_setMultiple, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, delete, arginfo_class_McProxy_Client_delete, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, deleteMultiple, arginfo_class_McProxy_Client_deleteMultiple, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, touch, arginfo_class_McProxy_Client_touch, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, increment, arginfo_class_McProxy_Client_increment, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, decrement, arginfo_class_McProxy_Client_decrement, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, flush, arginfo_class_McProxy_Client_flush, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, lastResult, arginfo_class_McProxy_Client_lastResult, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, where, arginfo_class_McProxy_Client_where, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, servers, arginfo_class_McProxy_Client_servers, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, stats, arginfo_class_McProxy_Client_stats, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, maintain, arginfo_class_McProxy_Client_maintain, ZEND_ACC_PUBLIC)
	ZEND_ME(McProxy_Client, explain, arginfo_class_McProxy_Client_explain, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};
