#include "compiler/doc/markup.h"

#include <gtest/gtest.h>

namespace hwf::doc {
namespace {

TEST(Markup, NothingOfATextIsMarkup) {
  EXPECT_EQ(Escaped("<script>alert(\"1\" & '2')</script>"),
            "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;");
  EXPECT_EQ(Escaped("a\x1b[31m\x7f\tb\nc\r"), "a\xEF\xBF\xBD[31m\xEF\xBF\xBD\tb\nc\xEF\xBF\xBD");
  EXPECT_EQ(Escaped("größer 日本"), "größer 日本");
  EXPECT_EQ(Paragraphs("`<b>` & <i>"), "<p><code>&lt;b&gt;</code> &amp; &lt;i&gt;</p>\n");
}

TEST(Markup, ParagraphsAndCode) {
  EXPECT_EQ(Paragraphs(""), "");
  EXPECT_EQ(Paragraphs("one\n two \n\n\nthree `x y` four"), "<p>one two</p>\n<p>three <code>x y</code> four</p>\n");
  EXPECT_EQ(Paragraphs("one ` alone"), "<p>one ` alone</p>\n");
  EXPECT_EQ(Paragraphs("a ``b"), "<p>a <code></code>b</p>\n");
  EXPECT_EQ(Summary("the `first`\npart\n\nthe second"), "the <code>first</code> part");
  EXPECT_EQ(Summary("\n \n"), "");
}

TEST(Markup, LinksAreEscapedAndShortInTheirOwnPage) {
  const Text text = {{"[", ""}, {"A<B>", "a.html#record.A"}, {"]", ""}, {"C", "c\".html#x"}};
  EXPECT_EQ(Linked(text, "a.html"), "[<a href=\"#record.A\">A&lt;B&gt;</a>]<a href=\"c&quot;.html#x\">C</a>");
}

}  // namespace
}  // namespace hwf::doc
