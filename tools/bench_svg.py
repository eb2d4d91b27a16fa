"""Draws docs/shapes.svg and docs/heal.svg out of the figures that `make bench B=shapes` and `B=heal` measured: three
panels of bars each.

The colours are the reader's: light, and dark where the browser says so."""

WIDTH, PANEL, GAP, LEFT, TOP, ROW, BAR = 880, 270, 20, 15, 78, 34, 18
NAMES = {"serial": "serial loop", "threads": "a thread each", "tasks": "a task each"}
PANELS = [("wall_s", "time until all are done", "s"), ("cpu_us", "processor time of one", "µs"),
          ("peak_mb", "peak memory", "MB")]
HEAL_PANELS = [("us", "processor time of one, each second", "µs"), ("rss_mb", "memory of all", "MB"),
               ("lag_p99_ms", "verdict lag, p99", "ms")]
STYLE = """
  text { font: 13px ui-sans-serif, system-ui, 'DejaVu Sans', sans-serif; fill: #1f2328; }
  .title { font-size: 15px; font-weight: 600; }
  .dim { fill: #59636e; }
  .bar { fill: #8c959f; }
  .ours { fill: #1a7f64; }
  .rule { stroke: #d1d9e0; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .dim { fill: #9198a1; }
    .bar { fill: #656c76; }
    .ours { fill: #3fb68f; }
    .rule { stroke: #3d444d; }
  }
"""


def shown(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def panel(x, field, title, unit, rows):
    """rows: (name, figures, class of its bar)"""
    most = max(f[field] for _, f, _ in rows)
    out = [f'<text x="{x}" y="{TOP - 16}" class="dim">{title}</text>',
           f'<line x1="{x}" x2="{x + PANEL}" y1="{TOP - 8}" y2="{TOP - 8}" class="rule"/>']
    for i, (name, f, kind) in enumerate(rows):
        y = TOP + i * (ROW + 14)
        width = max(f[field] / most * (PANEL - 10), 2)
        out += [f'<text x="{x}" y="{y + 12}">{name}</text>',
                f'<text x="{x + PANEL}" y="{y + 12}" text-anchor="end">{shown(f[field])} {unit}</text>',
                f'<rect x="{x}" y="{y + 18}" width="{width:.1f}" height="{BAR}" rx="2" class="{kind}"/>']
    return out


def drawing(title, panels, rows):
    height = TOP + len(rows) * (ROW + 14) + 8
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
           f'width="{WIDTH}" height="{height}" role="img" aria-label="{title}">',
           f"<style>{STYLE}</style>", f'<text x="{LEFT}" y="26" class="title">{title}</text>']
    for i, (field, name, unit) in enumerate(panels):
        out += panel(LEFT + i * (PANEL + GAP), field, name, unit, rows)
    return "\n".join(out + ["</svg>"]) + "\n"


def draw(data):
    return drawing(f'{data["jobs"]:,} requests to a server that answers after {data["wait_ms"]} ms, one processor', PANELS,
                   [(NAMES[s], f, "ours" if s == "tasks" else "bar") for s, f in data["figures"].items()])


def draw_heal(figures):
    return drawing("What assets cost, each with a TCP check every 5 s", HEAL_PANELS,
                   [(f"{n:,} assets", f, "ours") for n, f in figures.items()])
