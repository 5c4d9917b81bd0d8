#include "compiler/sema/check_calendar.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/StringSwitch.h>

#include <set>
#include <string>

#include "calendar/calendar.h"
#include "compiler/sema/constant.h"

namespace hwf::sema {
namespace {

class Calendars {
 public:
  explicit Calendars(Context& context) : context_(context) {}

  void Run() {
    size_t scope_number = 0;
    for (const ModuleScope& scope : context_.program.scopes) {
      const bool of_sites_file = scope_number++ < context_.sites_scopes;
      for (const Decl* decl : scope.module->decls) {
        if (const auto* calendar = llvm::dyn_cast<CalendarDecl>(decl)) Take(*calendar, of_sites_file);
      }
    }
  }

 private:
  void Take(const CalendarDecl& calendar, bool of_sites_file) {
    for (const Arg& arg : calendar.args) Mutable(*arg.value).type = context_.Simple(TypeKind::kPoison);
    const CalendarDecl*& taken = context_.program.calendar;
    if (taken != nullptr && replaced_ && !of_sites_file) return;
    if (taken != nullptr) {
      context_.Report(calendar.name.range, diagnostics::kSecondCalendar, calendar.name.text)
          .Note(taken->name.range, "the other is here");
      return;
    }
    taken = &calendar;
    replaced_ = of_sites_file;
    Check(calendar);
  }

  void Check(const CalendarDecl& calendar) {
    if (calendar.base && calendar.base.text != "workdays") {
      context_.Report(calendar.base.range, diagnostics::kWrongWord, calendar.base.text, std::string_view("`workdays`"));
    }
    bool has_zone = false;
    llvm::DenseMap<StringRef, Range> seen;
    for (const Arg& arg : calendar.args) {
      auto [known, fresh] = seen.try_emplace(arg.name.text, arg.range);
      if (!fresh) {
        context_.Report(arg.range, diagnostics::kDuplicateMember, arg.name.text, "the calendar")
            .Note(known->second, "first here");
      } else if (arg.name.text == "zone") {
        has_zone = true;
        CheckZone(*arg.value);
      } else if (arg.name.text == "holidays") {
        CheckTexts(arg, "dates like `\"2026-12-25\"`", [this](const Expr& item, const std::string& text) {
          if (!calendar::IsDate(text)) context_.Report(item.range, diagnostics::kBadHoliday, text);
        });
      } else if (arg.name.text == "days") {
        CheckTexts(arg, kDays, [this](const Expr& item, const std::string& text) {
          if (!WeekdayNumber(text)) BadField(item.range, "days", kDays);
        });
      } else {
        BadField(arg.range, "calendar", "the fields `zone`, `holidays` and `days`");
      }
    }
    if (!has_zone) BadField(calendar.name.range, "calendar", "the field `zone`, like `zone: \"Europe/Madrid\"`");
  }

  void CheckZone(const Expr& value) {
    const auto zone = ConstantString(&value);
    if (!zone) return BadField(value.range, "zone", "the name of a time zone, like `\"Europe/Madrid\"`");
    if (!calendar::IsZone(*zone)) context_.Report(value.range, diagnostics::kUnknownZone, *zone);
  }

  // A list of texts, none of them twice; of `days` not none.
  template <typename CheckOne>
  void CheckTexts(const Arg& arg, std::string_view wanted, CheckOne check) {
    const auto* list = llvm::dyn_cast<ListExpr>(arg.value);
    if (list == nullptr || (list->items.empty() && arg.name.text == "days")) {
      return BadField(arg.value->range, arg.name.text, wanted);
    }
    std::set<std::string> seen;
    for (const Expr* item : list->items) {
      const auto text = ConstantString(item);
      if (!text) {
        BadField(item->range, arg.name.text, wanted);
      } else if (!seen.insert(*text).second) {
        context_.Report(item->range, diagnostics::kDuplicateMember, *text, "the calendar");
      } else {
        check(*item, *text);
      }
    }
  }

  void BadField(Range range, StringRef field, std::string_view wanted) {
    context_.Report(range, diagnostics::kBadCalendar, std::string_view(field), wanted);
  }

  static constexpr std::string_view kDays =
      "some of `\"mon\"`, `\"tue\"`, `\"wed\"`, `\"thu\"`, `\"fri\"`, `\"sat\"`, `\"sun\"`";

  Context& context_;
  bool replaced_ = false;  // by that of the file of `--sites`
};

}  // namespace

std::optional<int> WeekdayNumber(llvm::StringRef name) {
  const int number = llvm::StringSwitch<int>(name)
                         .Case("mon", 1)
                         .Case("tue", 2)
                         .Case("wed", 3)
                         .Case("thu", 4)
                         .Case("fri", 5)
                         .Case("sat", 6)
                         .Case("sun", 7)
                         .Default(0);
  return number == 0 ? std::nullopt : std::optional(number);
}

void CheckCalendar(Context& context) { Calendars(context).Run(); }

}  // namespace hwf::sema
