"""The made-up outlets and the articles they publish."""

from dataclasses import dataclass

__all__ = ["ARTICLES", "OUTLETS", "Article", "Outlet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A made-up outlet. `fault` is how it misbehaves: "fails", "slow", "garbage" or ""."""

    id: str
    name: str
    format: str
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A made-up article; the outlets `also` republish it."""

    slug: str
    outlet: str
    title: str
    text: tuple[str, ...]
    tags: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


OUTLETS = (
    Outlet(id="harbor-dispatch", name="Harbor Dispatch", format="rss20"),
    Outlet(id="redwood-wire", name="Redwood Wire", format="atom10"),
    Outlet(id="plains-review", name="The Plains Review", format="rss10"),
    Outlet(id="cartas-del-sur", name="Cartas del Sur", format="atom03"),
    Outlet(id="night-shift", name="Night Shift Notes", format="json11"),
    Outlet(id="commons-radio", name="Commons Radio", format="rss20"),
    Outlet(id="old-mill", name="Old Mill Gazette", format="rss091"),
    Outlet(id="daily-commons", name="Daily Commons", format="rss20"),
    Outlet(id="second-look", name="Second Look", format="json10"),
    Outlet(id="broken-lantern", name="The Broken Lantern", format="rss20", fault="fails"),
    Outlet(id="slow-river", name="Slow River Post", format="rss092", fault="slow"),
    Outlet(id="static-line", name="Static on the Line", format="rss20", fault="garbage"),
)

ARTICLES = (
    Article(
        slug="cranes-stop",
        outlet="harbor-dispatch",
        title="Dockworkers Stop the Cranes Over Night Shifts",
        text=(
            "Four terminals stood still on Monday after dockworkers voted to refuse a new "
            "roster that would double the number of night shifts.",
            "The union says that the roster was drawn up without a word to the people who "
            "work it. Port managers call the strike unlawful and ask for talks.",
        ),
        tags=("Labor", "Ports"),
        also=("daily-commons", "second-look"),
    ),
    Article(
        slug="fentanyl-strips",
        outlet="night-shift",
        title="Test Strips Save Lives, and the State Still Calls Them Paraphernalia",
        text=(
            "Outreach workers handed out nine thousand fentanyl test strips last year. In "
            "half of the state, carrying one is a crime.",
            "A bill to change the drug law has waited in committee for two sessions while "
            "overdose deaths went on rising.",
        ),
        tags=("Drug Policy", "Health"),
        also=("daily-commons",),
    ),
    Article(
        slug="generals-decree",
        outlet="cartas-del-sur",
        title="Los generales firman otro decreto y aplazan las elecciones",
        text=(
            "La junta militar anunció el tercer aplazamiento desde el golpe de Estado. "
            "Los sindicatos llaman a una huelga general.",
            "En los barrios, las asambleas preparan sus propias mesas de votación.",
        ),
        tags=("América Latina",),
    ),
    Article(
        slug="wildfire-budget",
        outlet="redwood-wire",
        title="Wildfire Budget Goes to Helicopters, Not to Thinning",
        text=(
            "Nine of ten dollars in the new climate package pay for fighting fires that "
            "have already begun.",
            "Forest crews say that the cheaper work, done in winter, has no lobby.",
        ),
        tags=("Climate", "Forests"),
        also=("second-look",),
    ),
    Article(
        slug="body-cameras",
        outlet="plains-review",
        title="Police Kept the Cameras Off in Two of Three Traffic Stops",
        text=(
            "Records obtained by this paper show that officers switched their body cameras "
            "on in a third of the stops in which the rules ask for it.",
        ),
        tags=("Policing",),
        also=("daily-commons",),
    ),
    Article(
        slug="coca-growers",
        outlet="cartas-del-sur",
        title="Coca growers march as spraying planes return",
        text=(
            "Farmers walked eighty kilometres to the provincial capital to protest against "
            "the return of aerial spraying, the oldest tool of the drug war.",
            "They bring a counter-proposal: roads first, eradication later.",
        ),
        tags=("América Latina", "Drogas"),
        also=("daily-commons",),
    ),
    Article(
        slug="episode-41",
        outlet="commons-radio",
        title="Episode 41: Who Owns the Water?",
        text=("An hour on wells, pipes and a town that bought back its own waterworks.",),
        tags=("Podcast", "Climate"),
    ),
    Article(
        slug="mill-pond",
        outlet="old-mill",
        title="Mill Pond to Be Drained for Repairs & Cleaning",
        text=("The sluice is a hundred years old. The carp move to the upper pond.",),
    ),
    Article(
        slug="slow-news",
        outlet="slow-river",
        title="The Ferry Is Late Again",
        text=("It has been late since 1974. A petition to change the timetable is late too.",),
    ),
    # what follows is published while the demo runs
    Article(
        slug="warehouse-vote",
        outlet="night-shift",
        title="Warehouse Workers Win Union Vote by Eleven Ballots",
        text=(
            "After two recounts the labor board confirmed the result on Thursday: the first "
            "union in the company's largest warehouse.",
        ),
        tags=("Labor",),
        also=("daily-commons", "second-look"),
    ),
    Article(
        slug="cash-bail",
        outlet="plains-review",
        title="Sheriff Blocks Cash Bail Reform With a Single Form",
        text=("A form that nobody can fill in at night keeps people in jail until morning.",),
        tags=("Policing", "Courts"),
    ),
    Article(
        slug="heat-plan",
        outlet="redwood-wire",
        title="City Adopts Heat Plan Written by Bus Drivers",
        text=(
            "Shade at every stop, water on every line: the climate plan came from those who "
            "sit in the sun all day.",
        ),
        tags=("Climate", "Labor"),
        also=("daily-commons",),
    ),
    Article(
        slug="coup-anniversary",
        outlet="harbor-dispatch",
        title="A Year After the Coup, Exiles Count the Ships That Still Trade",
        text=(
            "Sanctions were announced with ceremony. Harbor logs show that cargo for the "
            "military government never stopped.",
        ),
        tags=("World",),
        also=("second-look",),
    ),
    Article(
        slug="needle-exchange",
        outlet="night-shift",
        title="Needle Exchange Reopens in a Church Basement",
        text=(
            "Closed by the council in spring, the exchange is back, with drug checking on "
            "Wednesdays and soup on Fridays.",
        ),
        tags=("Drug Policy", "Health"),
        also=("daily-commons",),
    ),
)
"""All articles, in the order of publication."""

INITIAL_ARTICLES = 9
"""Number of articles that are already published when the press opens."""
