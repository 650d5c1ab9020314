"""Draws a lifecycle from its data, so that no picture in the docs can be out of date: Mermaid, SVG and a table."""

from collections.abc import Iterable, Iterator
from html import escape

from app.core.texts import Lang
from app.services.cases.layout import Layout, lay_out
from app.services.cases.rules import DeadlineRule, Lifecycle, State, Transition

BOX_WIDTH, LAYER_GAP, MARGIN = 222.0, 74.0, 28.0
HEAD, ROW, FOOT = 40.0, 17.0, 7.0
_STYLE = (
    "text{font-family:system-ui,'Noto Sans','DejaVu Sans',sans-serif;fill:#0b1f33}"
    ".name{font-size:14px;font-weight:600}.words{font-size:11px;fill:#44576b}"
    ".act{font-size:11.5px}.who{font-size:10px;fill:#5b6b7b}"
    ".box{fill:#fff;stroke:#1d3a57;stroke-width:1.2}.end{fill:#e8edf2}.head{fill:#dbe7f3}"
    ".start{fill:#1d3a57}.way{fill:none;stroke:#3c6e9f;stroke-width:1.3}"
    ".back{stroke:#b4562a;stroke-dasharray:5 3}.late{stroke:#8a6d1d}.done{stroke:#9aa7b4}"
    ".clock{fill:none;stroke:#8a6d1d;stroke-width:1.2}.key{font-size:11px;fill:#44576b}"
)


def mermaid(lifecycle: Lifecycle) -> str:
    """A Mermaid `stateDiagram-v2`: every state and move, with who may make it."""
    lines = ["stateDiagram-v2", "    direction LR"]
    lines += [f'    state "{name}<br/>{state.title.id}" as {name}' for name, state in lifecycle.states.items()]
    lines.append(f"    [*] --> {lifecycle.start.target} : {_label(lifecycle.start)}")
    lines += [f"    {each.source} --> {each.target} : {_label(each)}" for each in lifecycle.transitions]
    lines += [f"    {name} --> [*]" for name, state in lifecycle.states.items() if state.terminal]
    return "\n".join(lines) + "\n"


def svg(lifecycle: Lifecycle, lang: Lang = "id") -> str:
    """A picture for people: each state a card that lists its moves, and a line from each move to where it leads."""
    heights = {name: _height(lifecycle, name) for name in lifecycle.states}
    edges = [(each.source or "", each.target) for each in lifecycle.transitions]
    layout = lay_out(lifecycle.start.target, edges, heights)
    width = 2 * MARGIN + (max(layout.layer.values()) + 1) * (BOX_WIDTH + LAYER_GAP) - LAYER_GAP
    height = layout.height + 2 * MARGIN + 56
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" '
        f'width="{_n(width)}" height="{_n(height)}" role="img" aria-labelledby="title">',
        f'<title id="title">{escape(lifecycle.title.say(lang))}</title>',
        f"<style>{_STYLE}</style>",
        f'<rect width="{_n(width)}" height="{_n(height)}" fill="#f7f9fb"/>',
        *_heading(lifecycle, lang),
    ]
    ways = [way for name in lifecycle.states for way in _ways(lifecycle, layout, name)]
    parts += [*ways, *(line for name in lifecycle.states for line in _card(lifecycle, layout, name, lang)), "</svg>"]
    return "\n".join(parts) + "\n"


def table(lifecycle: Lifecycle) -> str:
    """Markdown: every state with its moves, who may make them, what checks and follows, and its deadlines."""
    lines = ["| state | action | to | who | conditions | effects |", "| --- | --- | --- | --- | --- | --- |"]
    moves = [lifecycle.start, *(each for name in lifecycle.states for each in lifecycle.moves_from(name))]
    for each in moves:
        cells = [
            f"`{each.source}`" if each.source else "(start)",
            f"`{each.action}`",
            f"`{each.target}`",
            ", ".join(each.by),
            ", ".join(_conditions(each)),
            ", ".join(f"`{name}`" for name in each.effects),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "| state | deadline | then |", "| --- | --- | --- |"]
    for name, state in lifecycle.states.items():
        lines += [f"| `{name}` | `{rule.name}` | {_then(rule)} |" for rule in state.deadlines.values()]
    lines += ["", "| state | work that waits | signal | answer |", "| --- | --- | --- | --- |"]
    for name, state in lifecycle.states.items():
        lines += [f"| `{name}` | {_work(state)} | `{each}` | {_answer(state, each)} |" for each in lifecycle.signals]
    return "\n".join(lines) + "\n"


def page(lifecycle: Lifecycle) -> str:
    """The documentation page of a lifecycle."""
    name = lifecycle.name
    return (
        f"# {lifecycle.title.en} (`{name}`)\n\n"
        f"{lifecycle.title.id}. Drawn by `loket docs` from `app/data/lifecycles/{name}.yaml`, version "
        f"{lifecycle.version}; the file's head says what each condition, effect and deadline means.\n\n"
        f"![Every state of {name} with its moves]({name}.svg)\n\n"
        "A dashed line leads back. A clock stands at moves that a deadline makes, `Rp` at those that a payment "
        f"makes. The same as [Mermaid]({name}.mmd).\n\n{table(lifecycle)}"
    )


def _label(move: Transition) -> str:
    return f"{move.action} ({', '.join(move.by)})"


def _conditions(move: Transition) -> Iterator[str]:
    yield from (f"`{name}`" for name in move.guards)
    if move.assignee_only:
        yield "the officer who was drawn"
    if move.not_actor_of:
        yield "not who did " + ", ".join(f"`{name}`" for name in move.not_actor_of)
    if move.reason_required:
        yield "written reason"
    if move.automatic:
        yield "automatic"
    if move.within:
        yield f"within `{move.within}`"


def _then(rule: DeadlineRule) -> str:
    if rule.move is not None:
        return f"`{rule.move}`"
    return f"work item `{rule.task.kind}` for {rule.task.role}" if rule.task else ""


def _work(state: State) -> str:
    return f"`{state.task.kind}` for {state.task.role}" if state.task else "-"


def _answer(state: State, signal: str) -> str:
    answer = state.signals[signal]
    if answer.move is not None:
        return f"`{answer.move}`"
    effects = ", ".join(f"`{name}`" for name in answer.effects)
    task = f"work item `{answer.task.kind}` for {answer.task.role}" if answer.task else ""
    return "; ".join(part for part in (effects, task) if part)


# --- the picture -------------------------------------------------------------------------------------------------


def _height(lifecycle: Lifecycle, name: str) -> float:
    moves = len(lifecycle.moves_from(name))
    return HEAD + moves * ROW + (FOOT if moves else 0)


def _heading(lifecycle: Lifecycle, lang: Lang) -> Iterable[str]:
    words = {
        "id": "putus-putus: kembali · jam: oleh tenggat · Rp: oleh pembayaran · abu-abu: keadaan akhir",
        "en": "dashed: leads back · clock: by a deadline · Rp: by a payment · grey: end states",
    }
    yield f'<text class="name" x="{_n(MARGIN)}" y="{_n(MARGIN + 2)}">{escape(lifecycle.title.say(lang))}</text>'
    yield f'<text class="key" x="{_n(MARGIN)}" y="{_n(MARGIN + 20)}">{words[lang]}</text>'


def _corner(layout: Layout, name: str) -> tuple[float, float]:
    return MARGIN + layout.layer[name] * (BOX_WIDTH + LAYER_GAP), MARGIN + 56 + layout.top[name]


def _card(lifecycle: Lifecycle, layout: Layout, name: str, lang: Lang) -> Iterator[str]:
    state = lifecycle.states[name]
    x, y = _corner(layout, name)
    height = _height(lifecycle, name)
    fill = "end" if state.terminal else "box"
    yield f'<g id="{name}"><rect class="box {fill}" x="{_n(x)}" y="{_n(y)}" width="{_n(BOX_WIDTH)}" height="{_n(height)}" rx="6"/>'
    if not state.terminal:
        yield f'<path class="head" d="M{_n(x + 0.6)} {_n(y + HEAD - 2)}v{_n(-HEAD + 8.6)}a6 6 0 0 1 6 -6h{_n(BOX_WIDTH - 13.2)}a6 6 0 0 1 6 6v{_n(HEAD - 8.6)}z"/>'
    if name == lifecycle.start.target:
        yield f'<circle class="start" cx="{_n(x - 12)}" cy="{_n(y + HEAD / 2)}" r="6"/>'
    yield f'<text class="name" x="{_n(x + 10)}" y="{_n(y + 17)}">{name}</text>'
    yield f'<text class="words" x="{_n(x + 10)}" y="{_n(y + 31)}">{escape(state.title.say(lang))}</text>'
    for place, move in enumerate(lifecycle.moves_from(name)):
        middle = y + HEAD + place * ROW + ROW / 2
        yield f'<text class="act" x="{_n(x + 10)}" y="{_n(middle + 4)}">{move.action}{" ↻" if move.target == name else ""}</text>'
        yield f'<text class="who" x="{_n(x + BOX_WIDTH - 22)}" y="{_n(middle + 4)}" text-anchor="end">{", ".join(move.by)}</text>'
        yield from _sign(state, move, x + BOX_WIDTH - 12, middle)
    yield "</g>"


def _sign(state: State, move: Transition, x: float, y: float) -> Iterator[str]:
    """A clock for what a deadline does, `Rp` for what a payment does."""
    if any(rule.move == move.action for rule in state.deadlines.values()):
        yield f'<g class="clock"><circle cx="{_n(x)}" cy="{_n(y)}" r="5"/><path d="M{_n(x)} {_n(y - 3)}v3h2.4"/></g>'
    elif any(answer.move == move.action for answer in state.signals.values()):
        yield f'<text class="who" x="{_n(x)}" y="{_n(y + 4)}" text-anchor="middle">Rp</text>'


def _ways(lifecycle: Lifecycle, layout: Layout, name: str) -> Iterator[str]:
    for place, move in enumerate(lifecycle.moves_from(name)):
        if move.target != name:
            yield _way(lifecycle, layout, move, place)


def _way(lifecycle: Lifecycle, layout: Layout, move: Transition, place: int) -> str:
    source = move.source or ""
    x, y = _corner(layout, source)
    to_x, to_y = _corner(layout, move.target)
    begin_y, end_y = y + HEAD + place * ROW + ROW / 2, to_y + HEAD / 2
    edge = (source, move.target)
    back = edge in layout.back
    step = -1 if back else 1
    points = [(x if back else x + BOX_WIDTH, begin_y)]
    for number, crossing in enumerate(layout.crossings[edge], start=1):
        left = MARGIN + (layout.layer[source] + step * number) * (BOX_WIDTH + LAYER_GAP)
        height = MARGIN + 56 + crossing
        points += [(left + BOX_WIDTH if back else left, height), (left if back else left + BOX_WIDTH, height)]
    points.append((to_x + BOX_WIDTH if back else to_x, end_y))
    deadline = any(rule.move == move.action for rule in lifecycle.states[source].deadlines.values())
    kind = "back" if back else "late" if deadline else "done" if lifecycle.states[move.target].terminal else ""
    return f'<path class="way {kind}" d="{_curve(points, step)}"/>{_tip(points[-1], step)}'


def _curve(points: list[tuple[float, float]], step: int) -> str:
    path = f"M{_n(points[0][0])} {_n(points[0][1])}"
    for number, (x, y) in enumerate(points[1:], start=1):
        from_x, from_y = points[number - 1]
        if number % 2 == 0:
            path += f"H{_n(x)}"  # straight through a layer
            continue
        bend = step * min(abs(x - from_x) * 0.55, 60)
        path += f"C{_n(from_x + bend)} {_n(from_y)} {_n(x - bend)} {_n(y)} {_n(x)} {_n(y)}"
    return path


def _tip(point: tuple[float, float], step: int) -> str:
    x, y = point
    return f'<path class="start" d="M{_n(x)} {_n(y)}l{_n(-7 * step)} -3.5v7z"/>'


def _n(value: float) -> str:
    """A number of at most one decimal, the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")
