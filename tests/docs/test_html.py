#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""`make html`: every page is there and can be reached, every link leads
somewhere, and nothing comes from elsewhere."""

import glob
import html.parser
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILDER = os.path.join(SOURCE, "docs", "html", "build.py")
# attributes with which a page makes a browser load something
LOADS = {("link", "href"), ("script", "src"), ("img", "src"),
         ("iframe", "src"), ("object", "data"), ("source", "src"),
         ("video", "src"), ("audio", "src"), ("embed", "src")}
cases = failed = 0


def case(ok, what, *details):
    global cases, failed
    cases += 1
    failed += not ok
    print("%s %d - %s" % ("ok" if ok else "not ok", cases, what), flush=True)
    if not ok:
        for detail in details:
            print("#   %s" % (detail,))


class Page(html.parser.HTMLParser):
    VOID = {"meta", "link", "br", "hr", "img", "col", "input"}

    def __init__(self, path):
        super().__init__()
        self.path, self.links, self.loads = path, [], []
        self.ids, self.twice, self.open, self.wrong = set(), [], [], []
        self.title, self.headings, self.words = "", 0, 0
        with open(path, encoding="utf-8") as f:
            self.text = f.read()
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if "id" in attrs:
            if attrs["id"] in self.ids:
                self.twice.append(attrs["id"])
            self.ids.add(attrs["id"])
        if tag == "a" and "href" in attrs:
            self.links.append(attrs["href"])
        self.headings += tag == "h1"
        self.loads += [value for name, value in attrs.items()
                       if (tag, name) in LOADS]
        if tag == "style" or "style" in attrs or any(
                name.startswith("on") for name in attrs):
            self.wrong.append("<%s> has a style or a script in it" % tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in ("p", "li", "td", "th", "tr", "dd", "dt") and \
                tag not in self.open:
            return
        while self.open and self.open[-1] != tag and self.open[-1] in (
                "p", "li", "td", "th", "tr", "dd", "dt"):
            self.open.pop()
        if not self.open or self.open.pop() != tag:
            self.wrong.append("</%s> closes nothing" % tag)

    def handle_data(self, data):
        if self.open and self.open[-1] == "title":
            self.title += data
        elif "main" in self.open:
            self.words += len(data.split())


def build(source, output):
    return subprocess.run(
        [sys.executable, BUILDER, source, output, "0.0"],
        capture_output=True, text=True, check=False)


def sources():
    """What has to be there, as a path below the output."""
    out = {"README.html", "SECURITY.html", "packaging/README.html"}
    for path in glob.glob(os.path.join(SOURCE, "docs", "**", "*.md"),
                          recursive=True):
        out.add(os.path.relpath(path, SOURCE)[:-3] + ".html")
    for path in glob.glob(os.path.join(SOURCE, "docs", "man", "*.[1-8]")):
        out.add(os.path.relpath(path, SOURCE) + ".html")
    out.remove("docs/README.html")
    return out | {"index.html"}


def local(page, link):
    """(file, anchor) of a link to a page of ours, or None."""
    url = urllib.parse.urlsplit(link)
    if url.scheme or url.netloc:
        return None
    path = page.path if not url.path else os.path.normpath(os.path.join(
        os.path.dirname(page.path), urllib.parse.unquote(url.path)))
    return path, urllib.parse.unquote(url.fragment)


def dead(pages, page):
    for link in page.links:
        found = local(page, link)
        if found is None:
            continue
        path, anchor = found
        if path not in pages:
            if anchor or not os.path.isfile(path):
                yield link
        elif anchor and anchor not in pages[path].ids:
            yield link


def reached(pages, start):
    seen, todo = {start}, [start]
    while todo:
        page = pages[todo.pop()]
        for link in page.links:
            found = local(page, link)
            if found and found[0] in pages and found[0] not in seen:
                seen.add(found[0])
                todo.append(found[0])
    return seen


def check_pages(output):
    names = {os.path.relpath(path, output) for path in glob.glob(
        os.path.join(output, "**", "*.html"), recursive=True)}
    case(names == sources(), "every page of the source is there, and no more",
         *sorted(names ^ sources()))
    pages = {os.path.join(output, name): Page(os.path.join(output, name))
             for name in sorted(names)}
    for path, page in pages.items():
        name = os.path.relpath(path, output)
        case(not list(dead(pages, page)), "%s: %d links, none is dead" % (
            name, len(page.links)), *dead(pages, page))
        case(page.title and page.headings >= 1 and page.words >= 20 and
             not page.wrong and not page.twice and not page.open,
             name + " is whole", page.title, page.headings, page.words,
             page.wrong, page.twice, page.open)
        case(all(local(page, url) and os.path.isfile(local(page, url)[0])
                 for url in page.loads) and "://" not in " ".join(page.loads),
             name + " loads nothing from elsewhere", page.loads)
    start = os.path.join(output, "index.html")
    lost = set(pages) - reached(pages, start)
    case(not lost, "from the index every page can be reached", *lost)
    direct = {local(pages[start], link)[0] for link in pages[start].links
              if local(pages[start], link)}
    case(direct >= set(pages) - {start}, "and in one step",
         *(set(pages) - direct))
    style = open(os.path.join(output, "style.css"), encoding="utf-8").read()
    case("url(" not in style and "@import" not in style,
         "the style loads nothing")


def check_mistakes(where):
    """A page with a mistake stops the build, and is named."""
    source = os.path.join(where, "source")
    for name in ("docs", "packaging", "tests/tenant"):
        shutil.copytree(os.path.join(SOURCE, name),
                        os.path.join(source, name),
                        copy_function=shutil.copyfile)
    for name in ("README.md", "SECURITY.md", "LICENSE"):
        shutil.copyfile(os.path.join(SOURCE, name),
                        os.path.join(source, name))
    done = build(source, os.path.join(where, "good"))
    case(done.returncode == 0, "a copy is built as well", done.stderr)
    for link in ("no-such-page.md", "man/audient.9", "../../etc/passwd"):
        page = os.path.join(source, "docs", "NEWS.md")
        shutil.copyfile(os.path.join(SOURCE, "docs", "NEWS.md"), page)
        with open(page, "a", encoding="utf-8") as f:
            f.write("\n[here](%s)\n" % link)
        done = build(source, os.path.join(where, "bad"))
        case(done.returncode == 1 and "docs/NEWS.md: dead link: " + link in
             done.stderr, "a dead link stops it: " + link, done.stderr)


def main():
    for program in ("mandoc", "pandoc"):
        if shutil.which(program) is None:
            print("1..0 # SKIP %s is not installed" % program)
            return 77
    with tempfile.TemporaryDirectory(prefix="audient-html-") as where:
        output = os.path.join(where, "html")
        done = build(SOURCE, output)
        case(done.returncode == 0 and done.stderr == "", "it is built",
             done.stderr)
        check_pages(output)
        check_mistakes(where)
    print("1..%d" % cases)
    return 1 if failed else 0


sys.exit(main())
