// What all pages look like. Colours for light and dark, a narrow window, and paper.
#pragma once

namespace hwf::doc {

inline constexpr char kStyle[] = R"(
:root { color-scheme: light dark; --ink: #1c1c21; --soft: #5c5c66; --line: #dcdce2; --paper: #ffffff; --shade: #f5f5f7; --link: #1d4ed8; --kind: #7c2d12; --ask: #b45309; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e4e9; --soft: #a0a0ab; --line: #3a3a42; --paper: #17171b; --shade: #212127; --link: #8ab4ff; --kind: #f0a878; --ask: #f0b65e; }
  .drawing svg { filter: invert(0.91) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 1.5rem 1.25rem 4rem; font: 1rem/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); overflow-wrap: break-word; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0.6rem 0 1rem; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 0.6rem; padding-bottom: 0.25rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 2rem 0 0.5rem; }
h4 { font-size: 0.95rem; margin: 1.3rem 0 0.4rem; color: var(--soft); }
p { margin: 0.5rem 0; max-width: 54rem; unicode-bidi: isolate; }
code, pre { font: 0.9em/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; unicode-bidi: isolate; }
pre code { font-size: 1em; }
p code, li code, td code { background: var(--shade); padding: 0.08em 0.3em; border-radius: 3px; }
a code, code a { color: var(--link); }
pre { margin: 0.6rem 0; padding: 0.7rem 0.9rem; background: var(--shade); border-radius: 6px; overflow-x: auto; white-space: pre; }
nav { color: var(--soft); }
.kind { color: var(--kind); font-weight: 600; }
.soft { color: var(--soft); }
.anchor { color: var(--soft); font-weight: 400; visibility: hidden; }
h3:hover .anchor, .anchor:focus { visibility: visible; }
.item { scroll-margin-top: 1rem; }
.item:target > h3 { background: var(--shade); box-shadow: -0.5rem 0 0 var(--shade); }
.list { list-style: none; margin: 0.3rem 0 1rem; padding: 0; }
.list li { margin: 0.25rem 0; padding-left: 1.2rem; text-indent: -1.2rem; }
.list code { background: none; padding: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 0.4rem 0; }
th { font-size: 0.85rem; font-weight: 600; color: var(--soft); }
th, td { text-align: left; vertical-align: baseline; padding: 0.25rem 1.2rem 0.25rem 0; border-bottom: 1px solid var(--line); }
td code { background: none; padding: 0; }
.review { border-left: 3px solid var(--ask); padding: 0.1rem 0 0.1rem 1rem; margin: 0.9rem 0; }
.review > p { font-weight: 600; margin: 0; }
.drawing { overflow-x: auto; margin: 0.6rem 0; border: 1px solid var(--line); border-radius: 6px; }
.drawing svg { display: block; margin: 0 auto; }
.drawing svg > rect:first-of-type { fill: none; }
details { margin: 0.6rem 0; }
summary { cursor: pointer; color: var(--soft); font-size: 0.95rem; }
footer { margin-top: 3.5rem; color: var(--soft); font-size: 0.85rem; }
@media (max-width: 36rem) { pre { white-space: pre-wrap; } body { padding: 1rem 0.8rem 3rem; } h1 { font-size: 1.35rem; } th, td { padding-right: 0.8rem; } }
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --shade: #f3f3f3; --link: #000; --kind: #000; --ask: #777; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, .anchor { display: none; }
  pre { white-space: pre-wrap; }
  h2, h3, h4 { break-after: avoid; }
  .review, pre, tr { break-inside: avoid; }
  .drawing { border: 0; overflow: visible; }
  .drawing svg { max-width: 100%; height: auto; filter: none; }
}
)";

}  // namespace hwf::doc
