"""What a prompt's text says by itself: personal data, missing figures, tokens, likeness."""

import pytest

from rewards.job.datasets.asking import misses_a_figure
from rewards.job.datasets.lengths import tokens
from rewards.job.datasets.likeness import Likeness, Texts
from rewards.job.datasets.personal import kinds


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("mail jane.doe@contoso.com", "e-mail address"),
        ("mail user@example.com", "e-mail address at a made-up domain"),
        ("call 555-0199 now", "phone number"),
        ("(425) 555-0100", "phone number"),
        ("425-555-0100", "phone number"),
        ("+1-206-555-0100", "phone number"),
        ("+49 30 1234567", "phone number"),
        ("phone: 2065550100", "phone number"),
        ("SSN 219-09-9999", "social security number"),
        ("4111 1111 1111 1111", "card number"),
        ("her card is 4111111111111111", "card number"),
        ("DE89 3704 0044 0532 0130 00", "bank account"),
        ("123 Main St, Springfield, IL 62701", "street address"),
        ("742 N. Evergreen Road", "street address"),
    ],
)
def test_personal_data_is_told_by_its_kind(text: str, kind: str) -> None:
    """At either end of a text, and in it."""
    assert list(kinds(text)) == [kind]
    assert list(kinds(f"Please answer: {text}.")) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "48+24=72, 100-200-300, 3.141 5926, 12/3/2026, 555-12",
        "1,234,567,890 and 4111 1111 1111 1112 and 4111111111111112",
        "f(x)=-123-456-7890x, $123.456.7890",
        "He drives 12 miles a day. 3 Big Drums",
        "a@b, @home, user@localhost",
        "DE00 3704 0044 0532 0130 00",
        "000-12-3456 or 123-00-4567",
    ],
)
def test_numbers_of_a_task_are_no_personal_data(text: str) -> None:
    """Sums, dates, wrong check digits."""
    assert list(kinds(text)) == []


@pytest.mark.parametrize(
    ("prompt", "misses"),
    [
        ("In the figure, AB = 3.", True),
        ("As shown in the diagram, two lines meet.", True),
        ("The graph below shows sales.", True),
        ("Refer to the chart above.", True),
        ("According to the image, who is left?", True),
        ("The picture shows a bar chart.", True),
        ("The figure at right is a square.", True),
        ("Given the attached image, describe it.", True),
        ("In the figure [asy] draw((0,0)--(1,1)); [/asy] AB = 3.", False),
        ("Look at the picture ![dog](dog.png)", False),
        ("She puts 3 photos in a photo album.", False),
        ("Count the nodes in the graph that the list of edges gives.", False),
        ("Draw a chart.", False),
        ("Figure out how many.", False),
    ],
)
def test_a_figure_that_is_not_there_is_missed(prompt: str, misses: bool) -> None:
    """One that is drawn in the text is there."""
    assert misses_a_figure(prompt) is misses


#: Texts with the counts of three tokenizers (cl100k, DeepSeek's, Claude's older one).
COUNTED = [
    ("How many clips did Natalia sell altogether in April and May?", (12, 13)),
    ("Überlege Schritt für Schritt, wie viele Klammern es sind.", (15, 18)),
    ("小明有五个苹果，他给了小红两个，又买了三个。", (14, 26)),
    ("SELECT name, COUNT(*) FROM users WHERE age >= 18 GROUP BY name;", (15, 16)),
]


@pytest.mark.parametrize(("text", "counted"), COUNTED)
def test_the_interval_holds_what_tokenizers_count(text: str, counted: tuple[int, int]) -> None:
    """Of several scripts, and of code."""
    low, estimate, high = tokens(text)
    assert low <= counted[0] <= counted[1] <= high
    assert low < estimate < high


def alike(*texts: str) -> list[list[int]]:
    """For each text the rows before it that are like it."""
    given = Texts()
    for row, text in enumerate(texts):
        given.add(row, text, str(row).encode())
    likeness = Likeness(given.template())
    return [[other.row for other in likeness.like(text)] for text in given.all]


def test_likeness_is_of_words_and_signs() -> None:
    """Other signs are another sum; another order another text; scripts without spaces are read."""
    long = " ".join(f"word{n}" for n in range(40))
    assert alike(long, long.upper() + "\n", f"{long} more") == [[], [0], [0, 1]]
    assert alike("1 + 7?", "1 - 7?", "7 + 1?") == [[], [], []]
    chinese = "小明有五个苹果，他给了小红两个，又买了三个。请问小明现在一共有多少个苹果？"
    assert alike(chinese, chinese.replace("小红", "小黄"), chinese[::-1]) == [[], [0], []]


def test_the_time_grows_with_the_text_and_not_with_the_pairs() -> None:
    """Sentences from a pool: every shingle is common, and few texts are compared."""
    pool = [" ".join(f"w{(n * 31 + k * 7) % 997}" for k in range(12)) for n in range(200)]
    given = Texts()
    for row in range(1_500):
        given.add(row, " ".join(pool[(row * p + p * p) % 200] for p in (1, 3, 7, 11)), b"")
    likeness = Likeness(given.template())
    for text in given.all:
        likeness.like(text)
    compared = sum(len(band) ** 2 for band in likeness._bands.values())
    assert compared < 40 * 1_500
