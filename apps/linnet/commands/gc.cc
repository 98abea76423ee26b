// linnet gc: removes what no model needs.
#include "base/text.h"
#include "linnet/store_access.h"

namespace linnet {
namespace {

class GcCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.flag("-n,--dry-run", options_.dry_run, "only tell what would go");
        syntax.option("--days", &days_, "N", "broken-off downloads older than this go; default 7")
            .between(0, 36500);
    }

    Result<> run(Context& context) override {
        options_.partial_age_s = days_ * 86400;
        Store store = TRY(open_store(context));
        GcReport report = TRY(store.collect(options_, context.clock.wall_s(), context.cancel));
        Json items = Json::array();
        for (const GcReport::Item& item : report.items) {
            context.output.line(cat(item.what, "  ", bytes_text(item.bytes), "  ", item.path));
            items.push(Json::object(
                {{"what", item.what}, {"path", item.path.string()}, {"bytes", item.bytes}}));
        }
        context.output.line(
            cat(bytes_text(report.bytes), options_.dry_run ? " would be freed" : " freed"));
        context.output.document(Json::object(
            {{"dry_run", options_.dry_run}, {"items", std::move(items)}, {"bytes", report.bytes}}));
        return Done{};
    }

  private:
    GcOptions options_;
    double days_ = 7;
};

}  // namespace

std::unique_ptr<Command> gc_command() {
    return std::make_unique<GcCommand>();
}

}  // namespace linnet
