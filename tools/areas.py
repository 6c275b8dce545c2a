"""Municipalities and districts as areas, for places.py: which of them each town lies in, and the outlines of those that make a difference.

A city of which several areas are a part, as London has boroughs, owns those next to its middle: as many as its people fill. Every
other area is its own. An area is written if there, of all towns, another one would be found without it; each area of a city that
owns several is written with its name, as a district.
"""
import collections, csv, math, re, sqlite3, struct, unicodedata

import numpy as np
import shapely

# As in place.rs.
BLUR, FEWEST, REACH, REACH_PER_ROOT, ELSEWHERE = 0.3, 300, 2.0, 0.01, 5.0
# A city with more people on a square km than this has more than the area that its middle lies in.
CROWDED = 22000
# The areas that a city owns have that many people on a square km, or more.
FILLED = 4900
# The outlines of areas are kept where cities of so many people reach.
LARGE = 100000
# A city is the municipality of its name if it has more people on a square km than that.
URBAN = 1000
# The seat of a municipality is a part of a city so many times as large, as that of a borough of London, and of no other.
BOROUGH = 16
# Degrees.
COAST = 0.02
SIMPLIFY = 0.0006


class Towns:
    """All towns that are not sections, to find the one that a spot lies in as place.rs does, but without areas."""

    def __init__(self, towns):
        self.towns = [t for t in towns if not t["city"]]
        self.lat = np.radians([t["at"][0] for t in self.towns])
        self.lon = np.radians([t["at"][1] for t in self.towns])
        self.people = np.array([t["people"] for t in self.towns], float)
        self.weight = np.sqrt(np.maximum(self.people, FEWEST))
        self.country = np.array([t["country"] for t in self.towns])
        self.area = np.zeros(len(self.towns), int)
        self.near = {}
        self.cells = collections.defaultdict(list)
        for i, t in enumerate(self.towns):
            self.cells[math.floor(t["at"][0]), math.floor(t["at"][1])].append(i)

    def find(self, at, country=None, areas=None):
        """The index of the town; with `areas`, others seem further away."""
        a, o = math.floor(at[0]), math.floor(at[1])
        wide = 1 if abs(at[0]) < 55 else 2
        if (a, o) not in self.near:
            cells = [self.cells.get((x, y), []) for x in (a - 1, a, a + 1) for y in range(o - wide, o + wide + 1)]
            self.near[a, o] = np.array(sum(cells, []), int)
        near = self.near[a, o]
        # None reaches further.
        near = near[(abs(self.lat[near] - math.radians(at[0])) < 0.008)]
        if not near.size:
            return None
        lat, lon = math.radians(at[0]), math.radians(at[1])
        h = np.sin((self.lat[near] - lat) / 2) ** 2 + math.cos(lat) * np.cos(self.lat[near]) * np.sin((self.lon[near] - lon) / 2) ** 2
        km = 12742 * np.arcsin(np.sqrt(h))
        fits = km <= REACH + REACH_PER_ROOT * np.sqrt(self.people[near])
        if country is not None:
            fits &= self.country[near] == country
        if not fits.any():
            return None
        seems = np.where(fits, (km + BLUR) / self.weight[near], np.inf)
        if areas is not None:
            seems = np.where((self.area[near] == 0) | np.isin(self.area[near], areas), seems, seems * ELSEWHERE)
        return near[np.argmin(seems)]


def mend(name, tokens):
    """A name as it was before letters were lost: `Bel3M` -> `Belém`; empty where that is not known."""
    try:
        name = name.encode("cp1252").decode()
    except (UnicodeDecodeError, UnicodeEncodeError):
        pass
    name = re.sub(r"(,| (District|Kreisfreie Stadt|Stadtkreis|LEA-\d+|domkyrkodistrikt|distrikt|Ward))+$", "", name.split(",")[0].strip())
    words = []
    for word in name.split():
        if re.search(r"[^\W\d]\d|\d[^\W\d]", word):
            pattern = "".join("[^\\x00-\\x7f]" if c.isdigit() else re.escape(c) for c in word.lower())
            known = [t for t in tokens.get(len(word), ()) if re.fullmatch(pattern, t)]
            if not known:
                return ""
            word = max(known, key=lambda t: tokens[len(word)][t]).capitalize()
        elif re.search(r"[a-z][A-Z]", word) and not re.match(r"(Mc|Mac|De|Le|La|Di|Da)[A-Z]", word):
            return ""
        words.append(word)
    name = " ".join(words)
    return (name.title() if name.isupper() or name.islower() else name) if "\ufffd" not in name else ""


def load(work):
    csv.field_size_limit(10 ** 9)
    outlines = dict(sqlite3.connect(f"{work}/gb/gazetteer/data/data.db").execute("select shape_id, coordinates from location_data"))
    rows = [row for row in csv.DictReader(open(f"{work}/gb/gazetteer/data/geo-boundaries.csv")) if row["shape_id"] in outlines]
    shapes = shapely.make_valid(shapely.from_wkb([outlines[row["shape_id"]] for row in rows]))
    return [row["name"] for row in rows], shapes


def is_seat(town):
    return town["kind"].startswith(("PPLA", "PPLC"))


def is_called(town, name):
    name = name.split(",")[0].casefold()
    return any(name == known.casefold() for known in [town["name"]] + town["others"])


def km2(shape):
    return shape.area * 111.195 ** 2 * math.cos(math.radians(shape.centroid.y))


def areas(work, towns, is_borough, other_names):
    """Sets `area` of each town, 0 for unknown, and `city` of those in a larger city's areas. Returns the outlines: the number of an
    owner or district, the district's name, the shape."""
    names, shapes = load(work)
    tree = shapely.STRtree(shapes)
    points = shapely.points([[t["at"][1], t["at"][0]] for t in towns])
    inside = collections.defaultdict(list)
    for town in towns:
        town["shape"] = None
    for town, shape in zip(*tree.query(points, predicate="intersects")):
        if towns[town]["shape"] is None or shapes[shape].area < shapes[towns[town]["shape"]].area:
            towns[town]["shape"] = int(shape)
    # Outlines are simplified: a town on the coast may lie outside of all.
    beside = [i for i, town in enumerate(towns) if town["shape"] is None]
    for town, shape in zip(*tree.query_nearest(points[beside], max_distance=COAST)):
        towns[beside[town]]["shape"] = int(shape)
    for town in towns:
        if town["shape"] is not None:
            inside[town["shape"]].append(town)
    model = Towns(towns)
    index = {id(t): i for i, t in enumerate(model.towns)}

    # Which city owns areas beside its own.
    owner = {}
    large = sorted((t for t in model.towns if t["people"] >= LARGE and t["shape"] is not None), key=lambda t: -t["people"])
    for city in large:
        own = shapes[city["shape"]]
        if city["shape"] in owner or city["people"] < CROWDED * km2(own):
            continue
        wanted, got = city["people"] / FILLED, km2(own)
        owner[city["shape"]] = city
        reach = (REACH + REACH_PER_ROOT * math.sqrt(city["people"])) / 111.195
        middle = shapely.Point(city["at"][1], city["at"][0])
        near = [int(s) for s in tree.query(middle.buffer(reach / math.cos(math.radians(city["at"][0]))))]
        is_part = lambda t: t["people"] * BOROUGH <= city["people"] or (not is_seat(t) and t["people"] * 10 <= city["people"])
        is_other = lambda t: is_seat(t) and not is_borough(t) and t["people"] * BOROUGH > city["people"] and t is not city
        flat = lambda s: (lambda c: (c.y - city["at"][0]) ** 2 + ((c.x - city["at"][1]) * math.cos(math.radians(c.y))) ** 2)(shapes[s].centroid)
        for shape in sorted(near, key=flat):
            if shape in owner or shape == city["shape"]:
                continue
            spot = shapes[shape].representative_point()
            found = model.find((spot.y, spot.x))
            size = km2(shapes[shape])
            towns_there = {t["region"] for t in inside[shape]} or {city["region"]}
            found = None if found is None else model.towns[found]
            is_own = found is city or (found is not None and found["shape"] == shape and is_part(found))
            # Its towns are in the county that is called after the city.
            of_county = [t for t in inside[shape] if t["county"] and t["county"] == city["county"]]
            is_own |= bool(of_county) and is_called(city, city["county"]) and all(map(is_part, inside[shape]))
            if is_own and got + size <= wanted and not any(map(is_other, inside[shape])) and city["region"] in towns_there:
                owner[shape] = city
                got += size
    owned = collections.defaultdict(list)
    for shape, city in owner.items():
        owned[id(city)].append(shape)
    owned = {city: shapes_ for city, shapes_ in owned.items() if len(shapes_) > 1}
    owner = {shape: city for shape, city in owner.items() if id(city) in owned}
    # Towns in a larger city's areas are sections of it.
    for shape, city in owner.items():
        for town in inside[shape]:
            if town is not city and town["people"] * 2 <= city["people"] and town["country"] == city["country"]:
                town["city"] = city
    # So are those in the one area of a city, if that is the city's municipality.
    for city in large:
        shape = city["shape"]
        if not city["city"] and shape not in owner and city["people"] > URBAN * km2(shapes[shape]) and is_called(city, names[shape]):
            others = [t for t in inside[shape] if t is not city and not t["city"]]
            # Its parts have as many people as it has.
            if sum(t["people"] for t in others) < 1.2 * city["people"]:
                for town in others:
                    if town["people"] * (BOROUGH if is_seat(town) else 2) <= city["people"]:
                        town["city"] = city
    # A section of a city in another area is rather one of a city in its own.
    for town in towns:
        city, shape = town["city"], town["shape"]
        if city and None not in (shape, city["shape"]) and shape != city["shape"] and owner.get(shape) is not city:
            own = [t for t in inside[shape] if not t["city"] and t["people"] >= 2 * town["people"] and t is not town]
            if own:
                away = lambda t: math.hypot(t["at"][0] - town["at"][0], (t["at"][1] - town["at"][1]) * math.cos(math.radians(t["at"][0])))
                town["city"] = min(own, key=lambda t: away(t) / math.sqrt(max(t["people"], FEWEST)))
    for town in towns:
        while town["city"] and town["city"]["city"]:
            town["city"] = town["city"]["city"]

    # Numbers: of a town the owner's, of a section that an area is called after its area's own.
    numbers = {}
    number = lambda key: numbers.setdefault(key, len(numbers) + 1)
    key_of = lambda shape: ("city", id(owner[shape])) if shape in owner else ("shape", shape)
    model = Towns(towns)
    for i, town in enumerate(model.towns):
        if town["shape"] is not None:
            model.area[i] = number(key_of(town["shape"]))
    # What is worth writing.
    written = set(owner)
    tested = set()
    for city in large:
        if city["city"]:
            continue
        width = (REACH + REACH_PER_ROOT * math.sqrt(city["people"])) / 111.195
        a, o = city["at"]
        w = width / max(0.2, math.cos(math.radians(a)))
        for shape in tree.query(shapely.box(o - w, a - width, o + w, a + width)):
            shape = int(shape)
            if shape in written:
                continue
            tested.add(shape)
            if ("shape", shape) not in numbers:
                continue
            own, outline = numbers["shape", shape], shapes[shape]
            outline = shapely.intersection(outline, shapely.box(o - w, a - width, o + w, a + width))
            if outline.is_empty:
                continue
            x0, y0, x1, y1 = outline.bounds
            step = max(0.01, math.sqrt((x1 - x0) * (y1 - y0) / 40))
            xs, ys = np.arange(x0 + step / 2, x1, step), np.arange(y0 + step / 2, y1, step)
            grid = np.array([(x, y) for x in xs for y in ys] or [(outline.centroid.x, outline.centroid.y)])
            grid = grid[shapely.contains_xy(outline, grid[:, 0], grid[:, 1])]
            # And just inside of the outline.
            edge = shapely.get_coordinates(shapely.segmentize(outline.buffer(-0.004), 0.01))
            grid = np.vstack([grid, edge[:: max(1, len(edge) // 60)]])
            for x, y in grid:
                at = (y, x)
                without = model.find(at)
                if without is not None and model.area[without] not in (0, own) and model.find(at, areas=[own]) != without:
                    written.add(shape)
                    break
    print("areas: owners", len(owned), "owned", len(owner), "tested", len(tested), "written", len(written), flush=True)

    tokens = collections.defaultdict(collections.Counter)
    for town in towns:
        if town["country"] in ("PT", "BR"):
            for word in re.split(r"[\s|()-]+", " ".join([town["name"]] + town["others"]).lower()):
                tokens[len(word)][unicodedata.normalize("NFC", word)] += 1
    used = {}
    renumber = lambda n: used.setdefault(n, len(used) + 1)
    outlines = []
    for shape in sorted(written):
        outline = shapes[shape]
        owner_number = renumber(number(key_of(shape)))
        if shape in owner:
            city, name = owner[shape], mend(names[shape], tokens)
            # The section that the area is called after: its names are the area's.
            sections = [t for t in inside[shape] if t["city"] is city and (is_borough(t) or (name and is_called(t, name)))]
            called = []
            if sections:
                section = max(sections, key=lambda t: t["people"])
                called = other_names(section)[:10]
            if name and len(name) < 30 and not re.search(r"[\d()]", name) and not is_called(city, name):
                called.append(name)
            called = "|".join(dict.fromkeys(called))
            outlines.append((f"{owner_number}|{renumber(number(('district', shape)))}|{called}", outline))
        else:
            outlines.append((f"{owner_number}", outline))
    for town in towns:
        shape = town["shape"]
        key = None
        if shape is not None and not town["city"]:
            key = key_of(shape)
        elif shape in owner and owner[shape] is town["city"]:
            key = ("district", shape)
        town["area"] = used.get(numbers.get(key, -1), 0) if key else 0
    return outlines


def pack(outlines, width=360, height=180):
    """The outlines in the format of the crate country-boundaries, see its deserializer.rs."""
    cells = collections.defaultdict(lambda: ([], []))
    text = lambda s: struct.pack(">H", len(s.encode())) + s.encode()
    names = [name for name, _ in outlines]
    shapes = shapely.make_valid(shapely.coverage_simplify(np.array([s for _, s in outlines]), SIMPLIFY)
                                if False else shapely.simplify(np.array([s for _, s in outlines]), SIMPLIFY))
    size = 0
    for name, shape in zip(names, shapes):
        x0, y0, x1, y1 = shape.bounds
        for x in range(max(0, math.floor(x0 + 180)), min(359, math.floor(x1 + 180)) + 1):
            for y in range(max(0, math.floor(90 - y1)), min(179, math.floor(90 - y0)) + 1):
                left, bottom = x - 180, 90 - y - 1
                square = shapely.box(left, bottom, left + 1, bottom + 1)
                if shape.contains(square):
                    cells[y, x][0].append(name)
                    continue
                part = shape.intersection(square)
                outer, inner = [], []
                for piece in shapely.get_parts(part):
                    for piece in ([piece] if piece.geom_type == "Polygon" else shapely.get_parts(piece)):
                        if piece.geom_type != "Polygon" or piece.is_empty:
                            continue
                        ring = lambda r: [(min(65535, max(0, int((px - left) * 65535))), min(65535, max(0, int((py - bottom) * 65535)))) for px, py in r.coords[:-1]]
                        if piece.area > 1e-6:
                            outer.append(ring(piece.exterior))
                            inner += [ring(r) for r in piece.interiors if shapely.Polygon(r).area > 1e-6]
                if outer:
                    cells[y, x][1].append((name, outer[:255], inner[:255]))
                    size += sum(map(len, outer + inner))
    out = [struct.pack(">HI", 2, 0), struct.pack(">II", width, width * height)]
    for y in range(height):
        for x in range(width):
            containing, crossing = cells.get((y, x), ([], []))
            if len(crossing) > 255:
                print("too many areas in a cell:", len(crossing), 90 - y - 1, x - 180)
                crossing = sorted(crossing, key=lambda c: "|" not in c[0])[:255]
            out.append(bytes([len(containing[:255])]) + b"".join(map(text, containing[:255])) + bytes([len(crossing)]))
            for name, outer, inner in crossing:
                out.append(text(name))
                for rings in (outer, inner):
                    out.append(bytes([len(rings)]))
                    for ring in rings:
                        out.append(struct.pack(">I", len(ring)) + b"".join(struct.pack(">HH", *p) for p in ring))
    print("areas: corners", size)
    return b"".join(out)
