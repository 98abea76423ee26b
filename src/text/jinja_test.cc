// What the goldens do not show: messages, limits and threads.
#include "text/jinja.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "base/text.h"

namespace linnet::jinja {
namespace {

constexpr Limits limits{.source_max = 1 << 20,
                        .steps_max = 5'000'000,
                        .calls_max = 60,
                        .memory_max = 64 << 20,
                        .output_max = 4 << 20};

Result<std::string> render(std::string_view source, const Json& variables = Json::object()) {
    return TRY(Template::parse(source, limits)).render(variables, {}, limits);
}

std::string error_of(std::string_view source) {
    auto made = render(source);
    return made ? "no error: " + *made : made.error().what;
}

TEST(Jinja, SaysWhereAndWhat) {
    EXPECT_EQ(error_of("a\n  {{ b | nope }}"), "line 2, column 10: there is no filter 'nope'");
    EXPECT_EQ(error_of("{{ b is nope }}"), "line 1, column 9: there is no test 'nope'");
    EXPECT_EQ(error_of("é{% include 'x' %}"),
              "line 1, column 5: the tag 'include' is not supported in chat templates");
    EXPECT_EQ(error_of("{% endfor %}"), "line 1, column 4: there is no tag 'endfor' to be ended");
    EXPECT_EQ(error_of("\n{{ x.y }}"), "line 2, column 5: 'x' is undefined");
    EXPECT_EQ(error_of("{{ {'a': 1}.b.c }}"),
              "line 1, column 14: 'dict object' has no attribute 'b'");
    EXPECT_EQ(error_of("{% if x %}"),
              "line 1, column 11: expected 'endif', got the end of the template");
    EXPECT_EQ(error_of("{{ 'a'.nope() }}"),
              "line 1, column 12: 'str object' has no attribute 'nope'");
    EXPECT_EQ(error_of("{{ 1 + 'a' }}"),
              "line 1, column 6: unsupported operand type(s) for +: 'int' and 'str'");
    EXPECT_EQ(error_of("{% macro f() %}{{ 1 // 0 }}{% endmacro %}\n{{ f() }}"),
              "line 1, column 21: integer division or modulo by zero");
}

TEST(Jinja, TellsTheTemplatesOwnErrorsApart) {
    auto raised = render("{{ raise_exception('roles must \x1b alternate') }}");
    ASSERT_FALSE(raised);
    EXPECT_EQ(raised.error().code, Code::Usage);
    EXPECT_EQ(raised.error().what, "refuses the conversation: roles must \\x1B alternate");
    auto broken = render("{{ 1 / 0 }}");
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, Code::BadInput);
}

TEST(Jinja, HasNoWayOut) {
    for (const char* source :
         {"{{ ''.__class__.__mro__ }}", "{{ [].__class__ .x }}", "{{ self.x }}",
          "{{ cycler.__init__.__globals__ }}", "{{ namespace.__init__.x }}",
          "{{ lipsum.__globals__.x }}", "{{ {}.pop('a') }}", "{{ [1].clear() }}",
          "{{ '{0.__class__.x}'.format('a') }}", "{% set ns = namespace() %}{{ ns.__class__.x }}"})
        EXPECT_FALSE(render(source)) << source;
}

const std::vector<std::string> value_bombs{
    "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}",
    "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
    "{{ 'x' * 10**9 }}",
    "{{ [0] * 10**12 }}",
    "{{ (1, 2) * 10**18 }}",
    "{{ range(10**6) }}",
    "{{ range(0 - 10**18, 10**18) }}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% macro f() %}{{ f() ~ f() }}{% endmacro %}{{ f() }}",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(50) "
    "}}",
    "{% for x in [[[[1]]]] recursive %}{{ loop([x]) }}{% endfor %}",
    "{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% "
    "endfor %}",
    "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = ns.l + ns.l %}{% "
    "endfor %}",
    "{% set ns = namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = [ns.l] %}{% "
    "endfor %}",
    "{% set ns = namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = {'a': ns.l} %}{% "
    "endfor %}",
    "{% set ns = namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = [ns.l.copy] %}{% "
    "endfor %}",
    "{% set ns = namespace(l=1) %}{% for i in range(100000) %}{% set ns.l = joiner(ns.l) %}{% "
    "endfor %}",
    "{% set ns = namespace(l=1) %}{% for i in range(100000) %}{% set ns.l = cycler(ns.l) %}{% "
    "endfor %}",
    "{% set ns = namespace(l=[1]) %}{% for i in range(100000) %}{% for x in ns.l %}{% set ns.l "
    "= [loop] %}{% endfor %}{% endfor %}",
    "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = [ns.l, ns.l] %}{% "
    "endfor %}{{ ns.l }}",
    "{% set ns = namespace(l=[1]) %}{% for i in range(90) %}{% set ns.l = [ns.l, ns.l] %}{% "
    "endfor %}{{ ns.l == ns.l[0] }}{{ ns.l | tojson }}",
    "{% set ns = namespace(l=(1,)) %}{% for i in range(90) %}{% set ns.l = (ns.l, ns.l) %}{% "
    "endfor %}{{ {ns.l: 1} }}",
    "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}",
    "{% set ns = namespace() %}{% set ns.me = [ns, ns] %}{{ ns.me }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%.1000000000f' % 1 }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ 'a' | center(10**10) }}",
    "{{ 'a'.ljust(10**15) }}",
    "{{ 'a'.zfill(10**12) }}",
    "{{ 'a\tb'.expandtabs(10**12) }}",
    "{{ ('a' * 10**6) | indent(10**9) }}",
    "{{ ('a\n' * 10**5) | indent(10**6) }}",
    "{{ [1] | batch(10**12, 0) | list }}",
    "{{ [1] | slice(10**12) | list }}",
    "{{ [[1]] | tojson(indent=10**9) }}",
    "{{ ('a' * 10**6).replace('a', 'b' * 10**6) }}",
    "{{ (['a' * 10**6] * 10**5) | join }}",
    "{{ ('a' * 10**6).join('b' * 10**6) }}",
    "{{ 10 ** 10 ** 10 }}",
    "{{ 2 ** 100000000000 }}",
    "{{ 9223372036854775807 + 1 }}",
};

// Sources that nest.
std::vector<std::string> deep_sources() {
    auto times = [](std::string_view text) {
        std::string out;
        for (int i = 0; i < 5000; i++) out += text;
        return out;
    };
    return {
        "{{ " + times("(") + "1" + times(")") + " }}",
        "{{ " + times("[") + times("]") + " }}",
        "{{ 1" + times("+1") + " }}",
        "{{ " + times("-") + "1 }}",
        "{{ " + times("not ") + "1 }}",
        "{{ 1" + times(" if 1 else 1") + " }}",
        times("{% if 1 %}"),
        times("{% if 1 %}") + times("{% endif %}"),
        "{% for " + times("(") + "a" + times(")") + " in x %}{% endfor %}",
        "{{ a" + times(".b") + " }}",
        "{{ 1" + times("|abs") + " }}",
        "{{ a" + times("[0]") + " }}",
        "{{ a" + times("()") + " }}",
        "{{ 1" + times(" is number") + " }}",
        "{{ '" + times("{0:") + times("}") + "'.format(1) }}",
        "{% for i in range(100000) %}{% for j in range(100) %}{% set x %}{{ 'y' * 10**6 }}"
        "{% endset %}{% endfor %}{% endfor %}",
        "{% for i in range(100000) %}{% macro m() %}{% endmacro %}"
        "{% set ns = namespace(a=m, b=range(1000)) %}{% endfor %}",
    };
}

// Each ends with an error, soon, whatever it would take to run it out.
TEST(Jinja, BoundsEveryBomb) {
    std::vector<std::string> bombs = deep_sources();
    bombs.insert(bombs.end(), value_bombs.begin(), value_bombs.end());
    for (const std::string& bomb : bombs) {
        auto begin = std::chrono::steady_clock::now();
        auto made = render(bomb);
        double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        EXPECT_FALSE(made) << bomb.substr(0, 100) << " made " << (made ? made->size() : 0)
                           << " bytes";
        EXPECT_LT(seconds, 60) << bomb.substr(0, 100);  // generous: it guards against hanging
    }
}

TEST(Jinja, LetsGoOfWhatHoldsItself) {
    // The leak checker of the sanitizer build looks at these.
    EXPECT_EQ(*render("{% set ns = namespace() %}{% set ns.me = [ns] %}ok"), "ok");
    EXPECT_EQ(*render("{% macro f() %}{% endmacro %}{% set ns = namespace(f=f) %}ok"), "ok");
    EXPECT_EQ(*render("{% for x in [1] %}{% set q = loop.changed(loop) %}ok{% endfor %}"), "ok");
    EXPECT_EQ(
        *render("{% set ns = namespace() %}{% for x in [1] %}{% set ns.l = loop %}{% endfor %}ok"),
        "ok");
}

TEST(Jinja, RendersOnManyThreadsAtOnce) {
    auto parsed = Template::parse(
        "{% macro m(x) %}{{ x | upper }}{% endmacro %}{% for i in range(200) %}{{ m(s) ~ i }}{% "
        "endfor %}",
        limits);
    ASSERT_TRUE(parsed);
    Json variables = Json::object({{"s", "straße"}});
    std::string expected = *parsed->render(variables, {}, limits);
    std::vector<std::thread> threads;
    std::vector<int> same(4);
    for (size_t t = 0; t < same.size(); t++)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 20; i++)
                same[t] += *parsed->render(variables, {}, limits) == expected;
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(same, std::vector<int>(4, 20));
}

TEST(Jinja, TakesTheTimeItIsGiven) {
    auto parsed = Template::parse("{{ strftime_now('%Y-%m-%d %H:%M:%S %a %j') }}", limits);
    auto at = [&](Time time) { return *parsed->render(Json::object(), time, limits); };
    EXPECT_EQ(at({0, 0}), "1970-01-01 00:00:00 Thu 001");
    EXPECT_EQ(at({0, -3600}), "1969-12-31 23:00:00 Wed 365");
    EXPECT_EQ(at({1709164800, 0}), "2024-02-29 00:00:00 Thu 060");
    EXPECT_EQ(at({4102444799, 3600}), "2100-01-01 00:59:59 Fri 001");
}

TEST(Jinja, RepairsTextThatIsNotUtf8) {
    Json variables = Json::object({{"s", std::string("a\xFF\xC3z")}});
    EXPECT_EQ(*render("{{ s }}{{ s | length }}", variables), "a\xEF\xBF\xBD\xEF\xBF\xBDz4");
    EXPECT_FALSE(render("a\xFFz"));
}

}  // namespace
}  // namespace linnet::jinja
