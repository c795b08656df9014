/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands.h"

#include <string.h>

#define MANY ((size_t)-1)
#define BIT(option) CLI_OPTION_BIT(option)
#define STORE_OPTIONS (BIT(OPT_TTL) | BIT(OPT_FLAGS) | BIT(OPT_ROUTE))

#define TTL_HELP                                                                                   \
    "  --ttl SECONDS   time to live: 0 never expires, up to 2592000 (30 days) from now, above\n"   \
    "                  that a Unix time, below 0 at once\n"
#define FLAGS_HELP "  --flags N       a number that is kept with the value, 0 to 4294967295\n"
#define ROUTE_HELP "  --route KEY     a group key: decides on the servers instead of the key\n"
#define VALUE_HELP                                                                                 \
    "A VALUE of - is read from standard input, byte for byte up to its end. A value that begins\n" \
    "with - stands behind --.\n"

static const cli_command table[] = {
    {"get", cli_do_get, 1, BIT(OPT_ROUTE), 1, MANY, "get KEY... [--route KEY]",
     "write the values of keys to standard output",
     "Writes the values byte for byte, one behind the other, with nothing added. One deadline\n"
     "holds for all keys. Exit status 1 when a key was not found.\n" ROUTE_HELP,
     "  mcp-cli get user:1\n"
     "  mcp-cli get picture:7 > picture.jpg\n"
     "  mcp-cli --json get user:1 user:2\n"},
    {"gets", cli_do_gets, 1, BIT(OPT_ROUTE), 1, MANY, "gets KEY... [--route KEY]",
     "the same with size, flags, cas token and time to live",
     "Writes for each key a line \"KEY: 5 bytes, flags 0, cas 17, expires in 60 s\", then the\n"
     "value and a newline. For programs there is --json.\n" ROUTE_HELP,
     "  mcp-cli gets user:1\n"
     "  mcp-cli gets user:1 --json | jq -r .cas\n"},
    {"gat", cli_do_gat, 1, BIT(OPT_TTL) | BIT(OPT_ROUTE), 1, MANY,
     "gat KEY... --ttl SECONDS [--route KEY]", "get, and give a new time to live",
     "As get, and every key that is found lives SECONDS from now.\n" TTL_HELP ROUTE_HELP,
     "  mcp-cli gat session:9 --ttl 1800\n"},
    {"set", cli_do_store, 1, STORE_OPTIONS, 2, 2,
     "set KEY VALUE [--ttl SECONDS] [--flags N] [--route KEY]", "store a value",
     "Stores a value, whatever was there.\n" VALUE_HELP TTL_HELP FLAGS_HELP ROUTE_HELP,
     "  mcp-cli set user:1 Ada --ttl 3600\n"
     "  mcp-cli set picture:7 - < picture.jpg\n"
     "  mcp-cli set balance -- -17\n"},
    {"add", cli_do_store, 1, STORE_OPTIONS, 2, 2,
     "add KEY VALUE [--ttl SECONDS] [--flags N] [--route KEY]", "store, if the key does not exist",
     "Stores a value where there is none; else exit status 1.\n" VALUE_HELP TTL_HELP FLAGS_HELP
         ROUTE_HELP,
     "  mcp-cli add lock:report $$ --ttl 60 && make-report\n"},
    {"replace", cli_do_store, 1, STORE_OPTIONS, 2, 2,
     "replace KEY VALUE [--ttl SECONDS] [--flags N] [--route KEY]", "store, if the key exists",
     "Stores a value where there is one; else exit status 1.\n" VALUE_HELP TTL_HELP FLAGS_HELP
         ROUTE_HELP,
     "  mcp-cli replace user:1 Grace\n"},
    {"append", cli_do_store, 1, BIT(OPT_ROUTE), 2, 2, "append KEY VALUE [--route KEY]",
     "put bytes behind a value",
     "Puts VALUE behind the value that is there, whose flags and time to live stay. Exit status\n"
     "1 when there is none.\n" VALUE_HELP ROUTE_HELP,
     "  mcp-cli append log:today 'one more line'\n"},
    {"prepend", cli_do_store, 1, BIT(OPT_ROUTE), 2, 2, "prepend KEY VALUE [--route KEY]",
     "put bytes in front of a value",
     "Puts VALUE in front of the value that is there, whose flags and time to live stay. Exit\n"
     "status 1 when there is none.\n" VALUE_HELP ROUTE_HELP,
     "  mcp-cli prepend list:7 '42,'\n"},
    {"cas", cli_do_store, 1, STORE_OPTIONS | BIT(OPT_CAS), 2, 3,
     "cas KEY VALUE TOKEN [--ttl SECONDS] [--flags N] [--route KEY]",
     "store, if the value has not changed",
     "Stores a value if the one that is there is still the one that TOKEN was handed out with\n"
     "(by gets; --cas TOKEN is the same). Else exit status 1.\n" VALUE_HELP TTL_HELP FLAGS_HELP
         ROUTE_HELP,
     "  mcp-cli gets user:1\n"
     "  mcp-cli cas user:1 Grace 17\n"},
    {"lease", cli_do_lease, 1, BIT(OPT_LEASE) | BIT(OPT_EARLY), 1, 1,
     "lease KEY [--lease SECONDS] [--early SECONDS]", "get a value, or the right to compute it",
     "Writes the value to standard output. Where there is none, one caller is told a token on\n"
     "standard error, to be handed to fill with the value; all others that somebody else is\n"
     "computing it. Exit status 1 where there is no value.\n"
     "  --lease SECONDS how long the right lasts, 1 to 3600, 10 as standard\n"
     "  --early SECONDS a value that ends sooner is handed out with a token to one caller\n",
     "  mcp-cli lease report:today\n"
     "  mcp-cli lease report:today --json | jq -r .lease\n"},
    {"fill", cli_do_fill, 1, BIT(OPT_TTL) | BIT(OPT_FLAGS), 3, 3,
     "fill KEY VALUE TOKEN [--ttl SECONDS] [--flags N]", "store what lease gave the right for",
     "Stores a value with the token of lease. Exit status 1, and nothing is changed, when the "
     "lease\n"
     "is over or the key was written or deleted meanwhile.\n" VALUE_HELP TTL_HELP FLAGS_HELP,
     "  mcp-cli fill report:today - 17 --ttl 3600 < report\n"},
    {"delete", cli_do_delete, 1, BIT(OPT_ROUTE), 1, MANY, "delete KEY... [--route KEY]",
     "delete keys", "Deletes keys. Exit status 1 when one did not exist.\n" ROUTE_HELP,
     "  mcp-cli delete user:1 user:2\n"},
    {"touch", cli_do_touch, 1, BIT(OPT_TTL) | BIT(OPT_ROUTE), 1, MANY,
     "touch KEY... --ttl SECONDS [--route KEY]", "give keys a new time to live",
     "Gives keys a new time to live. Exit status 1 when one does not exist.\n" TTL_HELP ROUTE_HELP,
     "  mcp-cli touch session:9 --ttl 1800\n"},
    {"incr", cli_do_incr, 1, BIT(OPT_INITIAL) | BIT(OPT_TTL) | BIT(OPT_ROUTE), 1, 2,
     "incr KEY [DELTA] [--initial N [--ttl SECONDS]] [--route KEY]", "add to a number",
     "Adds DELTA (1) to the decimal number that is the value, and prints the new one. It wraps\n"
     "at 2^64. Exit status 1 when there is no value, or no number.\n"
     "  --initial N     store N where there is no value, with --ttl\n" TTL_HELP ROUTE_HELP,
     "  mcp-cli incr hits:home\n"
     "  mcp-cli incr hits:today 10 --initial 10 --ttl 86400\n"},
    {"decr", cli_do_incr, 1, BIT(OPT_INITIAL) | BIT(OPT_TTL) | BIT(OPT_ROUTE), 1, 2,
     "decr KEY [DELTA] [--initial N [--ttl SECONDS]] [--route KEY]", "subtract from a number",
     "Subtracts DELTA (1) from the decimal number that is the value, and prints the new one. It\n"
     "stops at 0. Exit status 1 when there is no value, or no number.\n"
     "  --initial N     store N where there is no value, with --ttl\n" TTL_HELP ROUTE_HELP,
     "  mcp-cli decr tickets 2\n"},
    {"flush", cli_do_flush, 1, BIT(OPT_DELAY), 0, 1, "flush [SERVER|all] [--delay SECONDS]",
     "drop everything that servers hold",
     "Drops everything on one server (its name, address or number) or, without a word, on all of\n"
     "them, backups first. Does not ask whether you are sure.\n"
     "  --delay SECONDS as far from now\n",
     "  mcp-cli flush\n"
     "  mcp-cli flush 10.0.0.4:11211\n"},
    {"stats", cli_do_stats, 1, 0, 0, 2, "stats [SERVER|all [ARGUMENT]]", "what servers count",
     "Prints what one server (its name, address or number) or all of them answer to \"stats\" or\n"
     "\"stats ARGUMENT\".\n",
     "  mcp-cli stats 0\n"
     "  mcp-cli stats all settings\n"},
    {"dump", cli_do_dump, 1, 0, 0, 1, "dump [SERVER|all]", "the keys that servers hold",
     "Prints a line for each key of one server (its name, address or number) or of all: the key, its\n"
     "seconds to live (- for ever), primary, backup or stray (which copy of it this is; stray: the\n"
     "key does not belong there, or was stored with --route), and the server, with tabs between\n"
     "them. Bytes that are no printable ASCII stand there as \\xNN. Keys of other namespaces and\n"
     "those that the library keeps for itself are left out. A terminal is told how many there are.\n",
     "  mcp-cli dump 10.0.0.4:11211\n"
     "  mcp-cli --json dump | jq -r 'select(.copy == \"primary\").key'\n"},
    {"version", cli_do_version, 1, 0, 0, 1, "version [SERVER|all]", "the versions of servers",
     "Prints the version of one server (its name, address or number) or of all. The version of\n"
     "mcp-cli itself: mcp-cli --version.\n",
     "  mcp-cli version\n"},
    {"ping", cli_do_ping, 1, 0, 0, 1, "ping [SERVER|all]", "does it answer, and how fast",
     "Prints for one server (its name, address or number) or for all whether it answers, and the\n"
     "time of one question and answer on a connection that stands. Exit status 3 when one does\n"
     "not answer.\n",
     "  mcp-cli ping\n"},
    {"where", cli_do_where, 1, BIT(OPT_ROUTE), 1, MANY, "where KEY... [--route KEY]",
     "on which servers keys live",
     "Prints for each key a line of key, primary and backup (- where it has none), with tabs\n"
     "between them. A KEY of - takes keys from standard input, one a line. No server is "
     "asked.\n" ROUTE_HELP,
     "  mcp-cli where user:1 user:2\n"
     "  mcp-cli --json where - < keys.txt\n"},
    {"status", cli_do_status, 1, BIT(OPT_WATCH), 0, 0, "status [--watch]",
     "is every server up and right, and if not, why",
     "Asks all servers at once and prints their state and what they hold; for those that are not\n"
     "up, why, who has it on record that they missed writes, and what to do. Changes nothing.\n"
     "Exit status 0: all are up. 1: some are not. 3: none answers.\n"
     "  --watch         then a line for everything that happens to servers, with the time, until\n"
     "                  interrupted\n",
     "  mcp-cli status\n"
     "  mcp-cli status --watch\n"
     "  mcp-cli status --json | jq -r 'select(.up | not).server'\n"},
    {"repair", cli_do_repair, 1, BIT(OPT_WATCH), 0, MANY, "repair [SERVER|all]... [--watch]",
     "make good what servers missed",
     "Copies the writes that servers (names, addresses or numbers; all without a word) missed "
     "from\n"
     "their partners, and tells what was done. Clients do the same on the side; this waits for "
     "the\n"
     "end. Safe while the pool is used, and several times at once. Exit status 3 when a server, "
     "or\n"
     "a partner that may hold its record, does not answer.\n"
     "  --watch         goes on with whatever comes up until interrupted\n",
     "  mcp-cli repair\n"
     "  mcp-cli repair 10.0.0.4:11211\n"
     "  mcp-cli repair --watch\n"},
    {"resync", cli_do_resync, 1, BIT(OPT_RATE), 1, 1, "resync SERVER [--rate N]",
     "fill a server that came back empty",
     "Copies to a server (its name, address or number) every key that its partners hold for it "
     "and\n"
     "it lacks; what it missed is repaired first. Values it has stay. May be broken off and run\n"
     "again: it goes on where it was. Keys stored with --route are not found.\n"
     "  --rate N        keys a second at most, 20000 as standard; 0: as fast as it goes\n",
     "  mcp-cli resync 10.0.0.4:11211\n"
     "  mcp-cli resync 0 --rate 5000\n"},
    {"distribution", cli_do_distribution, 1, BIT(OPT_ADD) | BIT(OPT_REMOVE), 0, 1,
     "distribution [FILE] [--add SERVER]... [--remove SERVER]...",
     "how keys spread over the servers",
     "Prints a bar for each server: how many keys of FILE (one a line; - is standard input) live\n"
     "there; without FILE of a million keys key:0, key:1, ... No server is asked.\n"
     "  --add SERVER    tell what would move if there were this primary, too; repeat it\n"
     "  --remove SERVER the same without this primary (its name, address or number); repeat it\n",
     "  mcp-cli distribution\n"
     "  mcp-cli distribution keys.txt --add 10.0.0.6\n"},
    {"options", cli_do_options, 0, 0, 0, 1, "options [TEXT]",
     "all options, or what a text of options means",
     "Prints the table of options, or explains a text of options word by word.\n",
     "  mcp-cli options\n"
     "  mcp-cli options 'server=10.0.0.4 timeout=250ms'\n"},
    {"help", cli_do_help, 0, 0, 0, 1, "help [COMMAND]", "this, or the help of a command",
     "Prints the help of the program or of one command.\n", "  mcp-cli help set\n"},
};

#define N_COMMANDS (sizeof table / sizeof table[0])

const cli_command *
cli_command_at(size_t index)
{
    return index < N_COMMANDS ? &table[index] : NULL;
}

const cli_command *
cli_command_find(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}
