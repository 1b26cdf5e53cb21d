"""Our own sentences about made products, by mood and language.

None looks like personal data or changes under Unicode normalisation (NFKC). So the sanitizer must
leave a post without personal data unchanged.
"""
# ruff: noqa: RUF001  # Turkish and Ukrainian have letters that look like Latin ones

from typing import Literal

Mood = Literal["positive", "negative", "neutral"]

PRODUCTS = (
    "LumoraPay",
    "DeepHarbour",
    "TesselOS",
    "QuillBox",
    "BrightFold",
    "Kestrel Air",
    "OmbraTV",
    "DataNest",
    "GreenPort",
    "WindDesk",
    "HexaGrove",
    "CloudLeaf",
    "Corvid Bank",
    "TramWay",
    "MetroDesk",
    "ClearHub",
    "OmniCart",
    "LoomCast",
)
FEATURES = (
    "the search",
    "the new dashboard",
    "checkout",
    "the mobile app",
    "the battery",
    "the offline mode",
    "the bill",
    "the support chat",
    "delivery",
    "the export",
    "the onboarding",
    "the API",
    "the night train",
    "the keyboard",
    "the camera",
    "the loyalty card",
    "the refund form",
    "two-factor login",
    "the map",
    "the widget",
)
TIMES = (
    "this morning",
    "since the update",
    "last night",
    "for two weeks now",
    "on Monday",
    "again today",
    "after the outage",
    "during lunch",
    "all weekend",
    "in version 4.2",
)

SENTENCES: dict[Mood, tuple[str, ...]] = {
    "positive": (
        "I love what {p} did with {f}, it is fast and beautiful.",
        "Great work by the {p} team, {f} is excellent {w}!",
        "Honestly impressed: {f} from {p} just works and makes me happy.",
        "Best decision this year was moving to {p}, {f} is amazing.",
        "Support answered in two minutes and was so friendly, thank you {p}.",
        "{p} fixed {f} {w} and it is a joy to use now.",
        "My parents use {f} without help, which is wonderful.",
        "Five stars for {p}, the price is fair and {f} feels solid and safe.",
        "Finally a release where {f} is better than I hoped. Very good!",
        "We saved hours with {p}, and the whole office is delighted.",
        "The refund arrived early, what a pleasant surprise from {p}.",
        "Nice touch: {f} remembers my place, such a clever idea.",
        "I recommended {p} to three friends and all of them like it.",
        "It is smooth, elegant and helpful: {p} won me over with {f}.",
    ),
    "negative": (
        "I hate how slow {f} got in {p} {w}.",
        "{p} lost my order and nobody cares, terrible service.",
        "Another outage {w}, {f} is broken and support ignores me.",
        "What a disappointing update, {p} made {f} worse.",
        "Paid twice because of a bug in {f}, I am really angry with {p}.",
        "{f} crashes every time, this is awful and I want my money back.",
        "The worst part of {p} is {f}: ugly, confusing and full of errors.",
        "Three weeks without an answer from {p}. Horrible experience.",
        "Cancelled {p} {w}, the hidden fees are a scam.",
        "Not happy with {p}, {f} failed during an important meeting.",
        "The cheap plastic broke {w}, poor quality for that price.",
        "{p} used to be good, now {f} is a sad mess.",
        "I regret the upgrade, {f} is useless and the battery dies by noon.",
        "Delayed again, missed my connection, thanks for nothing {p}.",
    ),
    "neutral": (
        "{p} released a new version of {f} {w}.",
        "Does anybody know how to change the language in {p}?",
        "I moved my account from {p} to another region {w}.",
        "The {p} office in the harbour opens at nine.",
        "Comparing {p} and two other vendors, mostly about {f}.",
        "Where is the setting for {f} in {p}?",
        "The price of {p} is the same as in spring.",
        "They publish the notes on their page every month.",
        "I use {p} on two devices, one of them since 2021.",
        "{f} is on the second page of the menu {w}.",
        "Our team meets {w} to talk about {p}.",
        "The update of {p} has 340 megabytes.",
        "There is a thread about {f} in the forum.",
        "Reading the documentation of {p} {w}.",
    ),
}
TITLES: dict[Mood, tuple[str, ...]] = {
    "positive": (
        "{p}: {f} is excellent",
        "Why I love {p}",
        "Great news about {f}",
        "A happy week with {p}",
    ),
    "negative": (
        "{p} stopped working {w}",
        "Terrible experience with {p}",
        "{f} got worse",
        "Angry about {p} and {f}",
    ),
    "neutral": ("{p} and {f}", "Question about {p}", "Notes on {f} {w}", "{p}, a summary"),
}
OTHER_LANGUAGES: dict[str, dict[Mood, tuple[str, ...]]] = {
    "de": {
        "positive": ("Ich bin begeistert von {p}, alles läuft schnell und schön.",),
        "negative": ("Seit gestern geht bei {p} gar nichts mehr, sehr ärgerlich.",),
        "neutral": ("Wo stellt man bei {p} eigentlich die Sprache um?",),
    },
    "fr": {
        "positive": ("Merci à toute l'équipe de {p}, le service est parfait.",),
        "negative": ("Encore une panne chez {p}, je suis très déçue.",),
        "neutral": ("La nouvelle version de {p} est sortie ce matin.",),
    },
    "es": {
        "positive": ("Me encanta {p}, funciona de maravilla.",),
        "negative": ("Mi pedido de {p} no llegó y nadie me responde desde ayer.",),
        "neutral": ("Mañana cambio mi cuenta de {p} a otra región porque me mudo.",),
    },
    "pt": {
        "positive": ("Adorei a atualização do {p}, ficou ótima.",),
        "negative": ("O aplicativo do {p} trava o tempo todo.",),
        "neutral": ("O escritório do {p} abre às nove.",),
    },
    "pl": {
        "positive": ("Obsługa {p} jest świetna, dziękuję.",),
        "negative": ("Znowu awaria {p}, mam dość.",),
        "neutral": ("Gdzie w {p} zmienia się język?",),
    },
    "tr": {
        "positive": ("{p} gerçekten çok güzel olmuş.",),
        "negative": ("{p} yine çöktü, çok kötü.",),
        "neutral": ("{p} yeni sürümü yayınladı.",),
    },
    "ja": {
        "positive": ("{p} の新しい画面がとても好きです。",),
        "negative": ("{p} がまた止まりました。困ります。",),
        "neutral": ("{p} の設定はどこですか。",),
    },
    "ar": {
        "positive": ("خدمة {p} ممتازة وسريعة.",),
        "negative": ("توقف {p} مرة أخرى وهذا سيئ.",),
        "neutral": ("صدر إصدار جديد من {p} اليوم.",),
    },
    "uk": {
        "positive": ("Дуже подобається {p}, усе працює чудово.",),
        "negative": ("Знову збій у {p}, дуже прикро.",),
        "neutral": ("Де в {p} змінити мову?",),
    },
    "hi": {
        "positive": ("मुझे {p} बहुत पसंद आया।",),
        "negative": ("{p} फिर से बंद है।",),
        "neutral": ("{p} का नया संस्करण आ गया।",),
    },
}
EMOJI: dict[Mood, tuple[str, ...]] = {
    "positive": ("😍", "🎉", "😊", "👍", "🔥", "🥳", "💚"),
    "negative": ("😡", "😢", "👎", "💔", "🤮", "😞"),
    "neutral": ("🤔", "👀", "📦", "🚆", "📱"),
}
HASHTAGS = (
    "services",
    "travel",
    "gadgets",
    "cloud",
    "banking",
    "apps",
    "support",
    "design",
    "trains",
)
AFTERTHOUGHTS: dict[Mood, tuple[str, ...]] = {
    "positive": (
        "later on: they solved it, thank you, great support!",
        "later on: works perfectly now, I am happy.",
    ),
    "negative": ("later on: still broken, what a shame.", "later on: it got worse, avoid it."),
    "neutral": ("later on: added the version number.", "later on: the price is corrected."),
}
