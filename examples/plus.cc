/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From C++: the headers are C++ as well as C, a client is held by a unique_ptr, and a value becomes
 * a std::string before the next call.
 *
 *     c++ plus.cc $(pkg-config --cflags --libs libmcproxy) -o plus
 *     ./plus "server=127.0.0.1:11211 backup=127.0.0.1:11212"
 */
#include <mcproxy/async.h>
#include <mcproxy/dump.h>
#include <mcproxy/mcproxy.h>
#include <mcproxy/pool.h>

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

struct closer {
    void operator()(mcp_client *client) const { mcp_close(client); }
};

class cache
{
public:
    explicit cache(const char *options)
    {
        char why[160];
        client.reset(mcp_open(options, why, sizeof why));
        if (!client)
            throw std::invalid_argument(why);
    }

    void set(const std::string &key, const std::string &value, int64_t ttl)
    {
        check(mcp_set(client.get(), key.data(), key.size(), value.data(), value.size(), ttl, 0));
    }

    /* Whether there is one. A failure is not a miss: it throws. */
    bool get(const std::string &key, std::string &value)
    {
        mcp_result r = MCP_RESULT_INIT;
        mcp_status status = mcp_get(client.get(), key.data(), key.size(), &r);
        check(status);
        if (status == MCP_OK)
            value.assign(static_cast<const char *>(r.value), r.value_len);
        return status == MCP_OK;
    }

private:
    void check(mcp_status status) const
    {
        if (status < MCP_OK)
            throw std::runtime_error(mcp_last_error(client.get())->text);
    }

    std::unique_ptr<mcp_client, closer> client;
};

int
main(int argc, char **argv)
{
    try {
        cache c(argc > 1 ? argv[1] : "server=127.0.0.1");
        std::string value;

        c.set("user:1", "Ada", 60);
        if (c.get("user:1", value))
            std::cout << value << "\n";
        if (!c.get("user:none", value))
            std::cout << "not found\n";
    } catch (const std::exception &wrong) {
        std::cerr << wrong.what() << "\n";
        return 1;
    }
    return 0;
}
