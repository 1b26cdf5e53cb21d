"""What fills the places in wordings.py: towns, countries, firms, works and days, and the parts of invented names."""
# fmt: off

CITIES = (
    "London", "Paris", "Berlin", "Madrid", "Rome", "Vienna", "Lisbon", "Warsaw", "Prague", "Budapest", "Athens",
    "Dublin", "Oslo", "Stockholm", "Helsinki", "Copenhagen", "Amsterdam", "Brussels", "Zurich", "Geneva", "Munich",
    "Hamburg", "Cologne", "Frankfurt", "Leipzig", "Barcelona", "Valencia", "Seville", "Porto", "Milan", "Naples",
    "Turin", "Florence", "Venice", "Lyon", "Marseille", "Toulouse", "Bordeaux", "Nice", "Manchester", "Liverpool",
    "Leeds", "Birmingham", "Glasgow", "Edinburgh", "Cardiff", "Belfast", "Bristol", "Oxford", "Cambridge", "Chelsea",
    "Arsenal", "Moscow", "Kyiv", "Istanbul", "Ankara", "Cairo", "Lagos", "Nairobi", "Johannesburg", "Durban",
    "Pretoria", "Soweto", "Accra", "Dakar", "Tunis", "Casablanca", "Dubai", "Doha", "Riyadh", "Tehran", "Baghdad",
    "Beirut", "Jerusalem", "Karachi", "Lahore", "Mumbai", "Delhi", "Bangalore", "Chennai", "Kolkata", "Dhaka",
    "Colombo", "Bangkok", "Hanoi", "Singapore", "Jakarta", "Manila", "Beijing", "Shanghai", "Shenzhen", "Tokyo",
    "Osaka", "Kyoto", "Seoul", "Busan", "Taipei", "Sydney", "Melbourne", "Brisbane", "Perth", "Auckland", "Wellington",
    "Toronto", "Montreal", "Vancouver", "Ottawa", "Calgary", "Boston", "Chicago", "Seattle", "Portland", "Denver",
    "Dallas", "Houston", "Austin", "Miami", "Orlando", "Tampa", "Atlanta", "Detroit", "Cleveland", "Cincinnati",
    "Phoenix", "Philadelphia", "Pittsburgh", "Baltimore", "Oakland", "Sacramento", "Memphis", "Nashville", "Charlotte",
    "Brooklyn", "Queens", "Manhattan", "Bogota", "Lima", "Quito", "Caracas", "Santiago", "Havana", "Recife", "Salvador",
    "Brasilia", "Kingston", "Cork", "Galway", "Malmö", "Gothenburg", "Bergen", "Aarhus", "Odense", "Tampere", "Turku",
    "Riga", "Tallinn", "Vilnius", "Krakow", "Gdansk", "Brno", "Ostrava", "Bratislava", "Ljubljana", "Zagreb",
    "Belgrade", "Sofia", "Bucharest", "New York", "Los Angeles", "San Francisco", "San Diego", "Las Vegas",
    "New Orleans", "Hong Kong", "Cape Town", "Tel Aviv", "Buenos Aires", "Mexico City", "Rio de Janeiro", "São Paulo",
    "St. Louis", "Kansas City", "Salt Lake City", "Port Elizabeth", "Den Haag", "Santa Fe", "Villa Real", "Bad Homburg",
    "Stoke on Trent", "Fort Worth", "Long Beach", "St. Petersburg", "Newcastle", "West Ham", "Aston Villa", "Green Bay",
)
COUNTRIES = (
    "Germany", "France", "Spain", "Italy", "Portugal", "Poland", "Hungary", "Austria", "Switzerland", "Belgium",
    "Netherlands", "Denmark", "Norway", "Sweden", "Finland", "Iceland", "Ireland", "England", "Scotland", "Wales",
    "Britain", "Greece", "Turkey", "Russia", "Ukraine", "Israel", "Egypt", "Morocco", "Nigeria", "Kenya", "Ghana",
    "Ethiopia", "Zimbabwe", "Iran", "Iraq", "Syria", "Pakistan", "India", "Bangladesh", "Nepal", "China", "Japan",
    "Korea", "Vietnam", "Thailand", "Indonesia", "Philippines", "Australia", "Canada", "Mexico", "Brazil", "Argentina",
    "Chile", "Colombia", "Peru", "Venezuela", "Cuba", "America", "Europe", "Africa", "Asia", "Texas", "California",
    "Florida", "Ohio", "Michigan", "Virginia", "Georgia", "Oregon", "Nevada", "Arizona", "Indiana", "Iowa", "Kansas",
    "Kentucky", "Alabama", "USA", "UK", "EU", "UAE", "South Africa", "New Zealand", "United States", "United Kingdom",
    "Saudi Arabia", "North Korea", "Sri Lanka", "Costa Rica", "New Jersey", "North Carolina",
)
FIRMS = (
    "Google", "Facebook", "Twitter", "Apple", "Microsoft", "Amazon", "Netflix", "Samsung", "Sony", "Nokia", "Intel",
    "IBM", "Oracle", "Tesla", "Toyota", "Honda", "Ford", "BMW", "Volkswagen", "Nike", "Adidas", "Zara", "Ikea", "Lidl",
    "Tesco", "Walmart", "Target", "Costco", "Starbucks", "Uber", "Lyft", "Airbnb", "Spotify", "YouTube", "Instagram",
    "Reddit", "Vodafone", "Telkom", "MTN", "BBC", "CNN", "NBC", "ESPN", "Sky", "Reuters", "Bloomberg", "Forbes", "NATO",
    "NASA", "FBI", "UN", "WHO", "Lufthansa", "Ryanair", "Emirates", "Qantas", "Barclays", "HSBC", "Santander",
    "Allianz", "Pfizer", "Bayer", "Siemens", "Boeing", "Airbus", "Shell", "Nestle", "Lego", "Nintendo", "Disney",
    "Pixar", "Microbit", "Netlogix", "Healthnet", "Datacore", "Finpoint", "Greenleaf", "Skybridge", "Northwind",
    "Lexcorp", "Medisoft", "Paylink", "Cardpoint", "Bank of America", "Goldman Sachs", "General Motors",
    "General Electric", "Wells Fargo", "Credit Union", "Deutsche Bank", "Procter & Gamble", "Home Depot", "Best Buy",
    "Burger King", "Taco Bell", "Dairy Queen", "Manchester United", "Real Madrid", "Red Sox", "Green Party",
    "Labour Party", "House of Commons", "Supreme Court", "Fox News", "New York Times", "Daily Mail", "Washington Post",
    "Entertainment Weekly", "Rolling Stone", "Johnson Ltd", "Baker Group", "Miller and Sons", "Harris Partners",
    "Wood Inc", "King, Young and Ward", "Hughes-Barton", "Taylor LLC", "Allen Media", "Scott PLC",
)
WORKS = (
    "Minecraft", "Fortnite", "Halo", "Frozen", "Titanic", "Avatar", "Inception", "Gladiator", "Tangled", "Friends",
    "Lost", "Glee", "Dexter", "Homeland", "iPhone", "iPad", "Android", "Xbox", "PlayStation", "Kindle", "Windows",
    "Photoshop", "Firefox", "Chrome", "Bluetooth", "Corolla", "Civic", "Golf", "Mustang", "Prius", "Thriller",
    "Nevermind", "Yesterday", "Imagine", "Hallelujah", "Star Wars", "Star Trek", "Game of Thrones", "Breaking Bad",
    "Harry Potter and the Goblet of Fire", "Lord of the Rings", "Big Brother", "American Idol", "The Voice",
    "The X Factor", "Pretty Little Liars", "Teen Wolf", "Doctor Who", "Top Gear", "Call of Duty", "Grand Theft Auto",
    "Angry Birds", "Candy Crush", "Guitar Hero", "Hey Jude", "Born to Run", "Blue Velvet", "White Christmas",
    "Summer Nights", "Good Morning America", "Saturday Night Live", "Super Bowl", "World Cup", "Champions League",
    "Premier League", "Galaxy S", "Google Maps", "Mac OS", "Dark Side of the Moon", "Guilty Pleasures",
    "The Big Bang Theory", "Walking Dead", "Black Mirror", "Stranger Things", "House of Cards",
)
DAYS = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Easter", "Christmas", "Halloween",
    "Thanksgiving", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)
BRAND_STARTS = (
    "sal", "nor", "quill", "bright", "fern", "oak", "hex", "mint", "pipe", "loom", "vel", "zeph", "lum", "omb", "tess",
    "corv", "kest", "tram", "clear", "blue", "swift", "cloud", "data", "pay", "health", "green", "sun", "red", "stone",
    "wind", "fire", "silver", "north", "east", "river", "sea", "deep", "open", "true", "smart", "easy", "one", "ever",
    "new", "fresh", "pure", "bio", "eco", "aero", "cyber", "digi", "info", "med", "neo", "nova", "opti", "pix", "quant",
    "robo", "syn", "tele", "trans", "uni", "veri", "viv", "xen", "zen",
)
BRAND_ENDINGS = (
    "ly", "ify", "io", "box", "wise", "mint", "line", "path", "ware", "soft", "tech", "hub", "mart", "marsh", "haven",
    "well", "brook", "grove", "fold", "cast", "metric", "way", "ora", "ara", "elo", "ero", "yra", "ia", "o", "a", "ix",
    "ex", "on", "os", "us", "ium", "eo", "aro", "umo", "tel", "net", "cart", "desk", "drive", "nest", "port", "point",
    "bird", "leaf", "wave", "spark", "forge", "works", "labs", "base", "sync", "flow", "dash", "pad", "kit",
    "rel", "trel", "in", "er", "an", "el",
)
BRAND_MORE = (
    "", "", "", "", " Air", " Air", " Bank", " Pay", " Pro", " Mobile", " Health", " Energy", " Foods", " Go", " One",
    " Plus", " 2", " X",
)
STARTS = (
    "bel", "dor", "kar", "mar", "san", "tom", "vik", "ras", "lun", "gor", "pet", "hal", "ban", "fed", "jor", "kov",
    "lep", "mil", "nor", "pol", "ric", "sor", "tar", "ud", "val", "wen", "yor", "zel", "as", "el", "is", "or", "hu",
    "che", "shi", "ta", "ka", "na", "mo", "ru",
)
MIDDLES = (
    "a", "e", "i", "o", "u", "an", "en", "in", "on", "ar", "er", "ir", "or", "al", "el", "il", "ol", "ama", "eni",
    "iri", "olo", "ava",
)
GIVEN_ENDINGS = (
    "a", "o", "i", "y", "e", "ka", "na", "nia", "ton", "win", "bert", "mund", "rik", "ric", "slav", "mir", "lin", "lyn",
    "etta", "ella", "ina", "isha", "ann", "ine", "us", "is", "os", "ek", "ko",
)
FAMILY_ENDINGS = (
    "son", "sen", "sson", "dottir", "ov", "ova", "ev", "eva", "enko", "uk", "ski", "ska", "czyk", "wicz", "ić", "ović",
    "vić", "ak", "ek", "ák", "ík", "ý", "á", "escu", "eanu", "oğlu", "ian", "yan", "ez", "es", "o", "a", "i", "ini",
    "etti", "elli", "man", "mann", "er", "berg", "stein", "feld", "hof", "dorf", "strom", "qvist", "lund", "nen", "la",
    "ala", "oja", "szky", "y", "ffy", "né", "ton", "ham", "ley", "field", "wood", "worth", "well", "ford", "by", "ard",
    "eau", "et", "ier", "ot", "uchi", "moto", "mura", "da", "naka", "shima", "zawa", "wong", "ng", "wala", "kar", "am",
    "an", "ah", "u",
)
