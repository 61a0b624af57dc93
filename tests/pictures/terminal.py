"""Runs a command at a terminal of its own and draws what it shows as an SVG: how it looked in the middle, and how it ended.

    terminal.py OUT.svg COMMAND [PATTERN SECONDS]

The middle is SECONDS after PATTERN was first shown; what scrolled by is drawn as well. Every run of characters gets the width of its
columns, so that boxes close whatever font draws them."""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from html import escape

import pyte

COLUMNS, ROWS = 128, 40
CELL, LINE, EDGE = 8.4, 18, 16
COLOURS = {"red": "#e06c75", "green": "#98c379", "brown": "#e5c07b", "blue": "#61afef", "magenta": "#c678dd", "cyan": "#56b6c2"}


class Screen(pyte.HistoryScreen):
    """pyte does not know faint text: it is kept as italics, which nothing here prints."""

    def select_graphic_rendition(self, *attributes, **rest):
        super().select_graphic_rendition(*(3 if code == 2 else code for code in attributes), **rest)


def runs(line):
    """(column, text, style) of each run of one style; blanks of no style are left out."""
    cells = [line[x] for x in range(COLUMNS)]
    column = 0
    while column < COLUMNS:
        style = (cells[column].fg, cells[column].bold, cells[column].italics)
        end = column
        while end < COLUMNS and (cells[end].fg, cells[end].bold, cells[end].italics) == style:
            end += 1
        text = "".join(cell.data for cell in cells[column:end])
        # Words that lie far apart are drawn apart.
        for word in re.finditer(r"\S+(?: \S+)*", text):
            yield column + word.start(), word.group(), style
        column = end


def shot(screen):
    lines = [list(runs(line)) for line in [*screen.history.top, *(screen.buffer[y] for y in range(ROWS))]]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def record(command, pattern, seconds):
    screen = Screen(COLUMNS, ROWS, history=1000, ratio=0.5)
    stream = pyte.ByteStream(screen)
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color")
        os.execvp("bash", ["bash", "-c", command])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    middle, since = None, None
    while True:
        if select.select([fd], [], [], 0.05)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:
                break
            if not data:
                break
            stream.feed(data)
        now = time.monotonic()
        if pattern and since is None and any(re.search(pattern, line) for line in screen.display):
            since = now
        if since is not None and middle is None and now - since >= seconds:
            middle = shot(screen)
    os.waitpid(pid, 0)
    return ([middle] if middle else []) + [shot(screen)]


def draw(title, frames):
    widest = max(column + len(text) for frame in frames for line in frame for column, text, _ in line)
    width, body, y = EDGE * 2 + widest * CELL, [], 44
    for index, frame in enumerate(frames):
        if index:
            body.append(f'<path d="M0 {y:g}H{width:g}" stroke="#444c56"/>')
            y += EDGE
        for line in frame:
            y += LINE
            for column, text, (colour, bold, dim) in line:
                style = f' fill="{COLOURS[colour]}"' if colour in COLOURS else ""
                style += ' font-weight="bold"' if bold else ""
                style += ' opacity=".6"' if dim else ""
                span = f'{len(text) * CELL:g}'
                body.append(
                    f'<text x="{EDGE + column * CELL:g}" y="{y:g}" textLength="{span}"{style}>{escape(text)}</text>'
                )
        y += EDGE
    dots = "".join(f'<circle cx="{20 + 18 * i}" cy="18" r="5" fill="{c}"/>' for i, c in enumerate(["#ff5f57", "#febc2e", "#28c840"]))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {y:g}" font-size="14" fill="#c9d1d9" xml:space="preserve"\n'
        f'  font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace">\n'
        f'<rect width="100%" height="100%" rx="8" fill="#22272e"/>{dots}\n'
        f'<text x="{width / 2:g}" y="23" text-anchor="middle" opacity=".7">{escape(title)}</text>\n' + "\n".join(body) + "\n</svg>\n"
    )


def main():
    out, command, *middle = sys.argv[1:]
    pattern, seconds = (middle[0], float(middle[1])) if middle else (None, 0)
    frames = record(command, pattern, seconds)
    with open(out, "w", encoding="utf-8") as file:
        file.write(draw("$ " + command.removesuffix(" --skip-build"), frames))
    print(f"{out}: {len(frames)} frames, {sum(map(len, frames))} lines")


main()
