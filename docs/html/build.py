#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the documentation a directory of HTML: pandoc reads the Markdown,
mandoc the manual pages, and this joins them.

    build.py SOURCE OUTPUT VERSION

The output has the layout of the source, so a link from one page to another
needs another end and nothing else.  A link that leads nowhere is an error.
It loads nothing from anywhere.
"""

import concurrent.futures
import glob
import html
import os
import posixpath
import re
import shutil
import subprocess
import sys

# Pages of other manuals: not ours to make.
ELSEWHERE = "https://manpages.debian.org/"
LONG = 5                # a page with so many headings has a list of them

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%(title)s</title>
<link rel="stylesheet" href="%(root)sstyle.css">
</head>
<body>
<nav class="top"><a href="%(root)sindex.html">Audient</a>%(nav)s</nav>
<main>
%(body)s
</main>
<footer>Audient %(version)s</footer>
</body>
</html>
"""
NAV = (("docs/guide.md", "Guide"), ("docs/troubleshooting.md", "Why not?"),
       ("docs/man/audient.conf.5", "Configuration"),
       ("docs/man/audient.1", "Command"))
CAPTIONS = {"file": "%s", "before": "%s: put this before it",
            "replace": "%s: put this in its place"}
CONTENTS = "docs/README.md"     # becomes index.html
GROUPS = (("Hosts", "docs/hosts/*.md"),
          ("Manual pages", "docs/man/*.[1-8]"),
          ("Decisions", "docs/adr/*.md"),
          ("Everything else", "*.md docs/*.md docs/*/*.md packaging/*.md"))
PICTURE = re.compile(r"\.(png|svg)$")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def sources(where, patterns):
    """Files below the source, by patterns with blanks between them."""
    return sorted(os.path.relpath(path, where) for pattern in patterns.split()
                  for path in glob.glob(os.path.join(where, pattern)))


class Book:
    def __init__(self, source, output, version):
        self.source, self.output, self.version = source, output, version
        self.groups, self.pages = [], []
        for name, patterns in GROUPS:
            rest = [page for page in sources(source, patterns)
                    if page not in self.pages]
            self.groups.append((name, rest))
            self.pages += rest
        self.copies, self.problems = set(), []

    # --- names ------------------------------------------------------------

    def target(self, page):
        """Where a file of the source is in the output."""
        if page == CONTENTS:
            return "index.html"
        if page not in self.pages:
            return page if PICTURE.search(page) else page + ".txt"
        return (page[:-3] if page.endswith(".md") else page) + ".html"

    def title(self, page):
        """(name, what it is about)"""
        text = read(os.path.join(self.source, page))
        if page.endswith(".md"):
            found = re.search(r"^# (.*)$", text, re.MULTILINE)
            return (found.group(1) if found else page).replace("`", ""), ""
        section = page.rsplit(".", 1)[1]
        return "%s(%s)" % (re.search(r"^\.Nm (\S+)", text, re.M).group(1),
                           section), re.search(r"^\.Nd (.*)$", text,
                                               re.M).group(1)

    # --- links ------------------------------------------------------------

    def link(self, page, href):
        """What href of a page of the source is in the output."""
        if re.match(r"[a-z]+:|#", href):
            return href
        path, mark, anchor = href.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page),
                                                 path))
        if path.startswith("../") or not os.path.isfile(
                os.path.join(self.source, path)):
            self.problems.append("%s: dead link: %s" % (page, href))
            return href
        if path not in self.pages:
            self.copies.add(path)
        here = posixpath.dirname(self.target(page)) or "."
        return posixpath.relpath(self.target(path), here) + mark + anchor

    def relink(self, page, body):
        return re.sub(r'\b(href|src)="([^"]*)"', lambda found: '%s="%s"' % (
            found.group(1), html.escape(self.link(
                page, html.unescape(found.group(2))))), body)

    # --- pages ------------------------------------------------------------

    def run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0 or done.stderr:
            self.problems.append("%s: %s" % (command[-1], done.stderr))
        return done.stdout

    def markdown(self, page):
        path = os.path.join(self.source, page)
        headings = len(re.findall(r"^##+ ", read(path), re.MULTILINE))
        toc = ["--toc", "--toc-depth=3"] if headings >= LONG else []
        body = self.run("pandoc", "--from=gfm", "--to=html5",
                        "--no-highlight", "--standalone", "--template",
                        os.path.join(self.source, "docs/html/body.html"),
                        "--metadata=pagetitle:-", *toc, path)
        # a comment above a block says what the block is
        body = re.sub(r"<!-- (%s): (.*?) -->" % "|".join(CAPTIONS),
                      lambda found: '<p class="file">%s</p>' % (
                          CAPTIONS[found.group(1)] % found.group(2)), body)
        body = re.sub(r"<!--.*?-->\n*", "", body, flags=re.DOTALL)
        body = re.sub(r'style="text-align: (\w+);"', r'class="\1"', body)
        return self.relink(page, body)

    def manual(self, page):
        def other(found):
            name = "docs/man/" + found.group(1)
            if name in self.pages:
                return 'href="%s.html"' % found.group(1)
            return 'href="%s%s"' % (ELSEWHERE, found.group(1))

        body = self.run("mandoc", "-T", "html", "-O",
                        "fragment,toc,man=%N.%S",
                        os.path.join(self.source, page))
        return re.sub(r'href="([\w.-]+\.[1-8])"', other, body)

    def contents(self):
        """All pages there are, for the index."""
        out = []
        for name, pages in self.groups:
            out.append("<h2>%s</h2>\n<ul>" % name)
            for page in pages:
                title, about = self.title(page)
                if page != CONTENTS:
                    out.append('<li><a href="%s">%s</a>%s</li>' % (
                        self.target(page), html.escape(title),
                        html.escape(about and " – " + about)))
            out.append("</ul>")
        return "\n".join(out)

    def make(self, page):
        target = self.target(page)
        root = "../" * target.count("/")
        body = (self.markdown if page.endswith(".md") else self.manual)(page)
        if page == CONTENTS:
            body += self.contents()
        nav = "".join('\n<a href="%s%s">%s</a>' % (root, self.target(p), name)
                      for p, name in NAV)
        title = self.title(page)[0]
        if title != "Audient":
            title += " – Audient"
        with open(os.path.join(self.output, target), "w",
                  encoding="utf-8") as f:
            f.write(PAGE % {"title": html.escape(title), "root": root,
                            "nav": nav, "body": body.strip(),
                            "version": html.escape(self.version)})

    def build(self):
        for page in self.pages:
            os.makedirs(os.path.dirname(os.path.join(
                self.output, self.target(page))), exist_ok=True)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self.make, self.pages))
        for path in self.copies:
            to = os.path.join(self.output, self.target(path))
            os.makedirs(os.path.dirname(to), exist_ok=True)
            shutil.copyfile(os.path.join(self.source, path), to)
        shutil.copyfile(os.path.join(self.source, "docs/html/style.css"),
                        os.path.join(self.output, "style.css"))
        for problem in sorted(self.problems):
            print(problem, file=sys.stderr)
        return 1 if self.problems else 0


def main():
    source, output, version = sys.argv[1:]
    for program in ("mandoc", "pandoc"):
        if shutil.which(program) is None:
            sys.exit("%s is needed for HTML, and is not installed" % program)
    return Book(os.path.abspath(source), os.path.abspath(output),
                version).build()


sys.exit(main())
