"""Code and prose as HTML: Pygments for the one, Markdown for the other."""

from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

LIGHT_STYLE, DARK_STYLE = "xcode", "github-dark"
"""Styles of Pygments whose every colour keeps a contrast of 4.5 on the panels of `style.css`."""


def highlighted(code: str) -> Markup:
    """Python code as a row of `span`s whose classes `highlight_rules` colours."""
    return Markup(highlight(code, PythonLexer(), HtmlFormatter(nowrap=True)))


def highlight_rules() -> Markup:
    """Style rules for highlighted code on light and on dark paper; paper itself is light."""
    media = {
        "screen and (prefers-color-scheme: light), print": LIGHT_STYLE,
        "screen and (prefers-color-scheme: dark)": DARK_STYLE,
    }
    return Markup("\n".join(f"@media {query} {{\n{_rules(media[query])}\n}}" for query in media))


def markdown(text: str) -> Markup:
    """Paragraphs, lists, tables and code of a text in Markdown; HTML in it stays text."""
    html = _renderer().render(text)
    # Wide tables scroll by themselves, so that the page does not.
    html = html.replace("<table>", '<div class="scroll" tabindex="0"><table>')
    return Markup(html.replace("</table>", "</table></div>"))


def inline_markdown(text: str) -> Markup:
    """A line in Markdown, without a paragraph around it."""
    return Markup(_renderer().renderInline(text))


def _rules(style: str) -> str:
    rules = HtmlFormatter(style=style).get_token_style_defs(".code")
    return "\n".join(rule.partition(" /*")[0] for rule in rules)


@cache
def _renderer() -> MarkdownIt:
    options = {"html": False, "highlight": _highlight_fence}
    return MarkdownIt("commonmark", options).enable("table")


def _highlight_fence(code: str, language: str, _attributes: str) -> str:
    if language != "python":
        return ""  # the renderer then only escapes
    return f'<pre class="code" tabindex="0">{highlighted(code)}</pre>'
