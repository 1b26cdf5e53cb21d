"""Provide names of folders that Java, Spark, Kafka, deltalake or DuckDB could misread."""

ODD = {
    "spaces, letters and a percent sign": "my hüme 100%",
    "an address's signs": "a#b;c&d=e+f@g:h~i",
    "quotes": 'it\'s "mine"',
    "a variable's sign": "$HOME",
    "other scripts": "私の家 дом",
    "a picture": "\U0001f3e0 home",
    "a tick": "back`tick",
    "signs of patterns": "a*{b}?(c)!<d>",
}
