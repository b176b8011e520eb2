"""Shows a model card as two viewers of Markdown do: the cells of its tables, and every tag that is none of a table's or a text's.

    viewers.py CARD
"""
import html.parser
import json
import sys

import markdown
import markdown_it

PLAIN = {"h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "ul", "li"}


class Cells(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.cells, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        if tag in ("td", "th"):
            self.cells.append("")
        if tag not in PLAIN:
            self.tags.append(tag)

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data


with open(sys.argv[1], encoding="utf-8") as f:
    card = f.read()
shown = {}
for viewer, page in {
    "Python-Markdown": markdown.markdown(card, extensions=["tables", "fenced_code"]),
    "markdown-it": markdown_it.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(card),
}.items():
    cells = Cells()
    cells.feed(page)
    shown[viewer] = {"cells": [c.strip() for c in cells.cells], "tags": cells.tags}
json.dump(shown, sys.stdout)
