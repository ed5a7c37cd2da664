"""The words that everything made up is called by: none of them is a real school, street or family of this authority."""

from __future__ import annotations

STEMS = (
    "Marram", "Saltmarsh", "Dunlin", "Fernbeck", "Whinfell", "Sandpiper", "Harebell", "Cobblestone", "Larkrise",
    "Thornybrook", "Gannet Hill", "Tidewrack", "Oxlip", "Bramblegate", "Curlew Sands", "Hollowdene", "Kittiwake",
    "Meadowsweet", "Peppercorn", "Quillside", "Ropewalk", "Sloe Lane", "Teasel", "Umberfield", "Vetchling", "Wagtail",
    "Yarrowby", "Zephyr Point",
)  # fmt: skip
FORENAMES = (
    "Aila", "Barnaby", "Ceri", "Dilys", "Ebrahim", "Fenna", "Gwilym", "Hana", "Idris", "Jory", "Kerensa", "Linus",
    "Mabli", "Nima", "Orla", "Perran", "Quilla", "Rowan", "Sunniva", "Tamsin", "Ulric", "Verity", "Wilf", "Xanthe",
    "Yusra", "Zelda", "Anwen", "Bodhi", "Clem", "Dara", "Elowen", "Farid", "Greer", "Hester", "Ilya", "Juniper",
)  # fmt: skip
SURNAMES = (
    "Ashgrove", "Birkwhistle", "Coppergate", "Dunnockley", "Elderfen", "Fallowdale", "Gorsehill", "Haddockson",
    "Inglebright", "Jackdawson", "Kelpworth", "Lanternby", "Mossop-Vale", "Nettlefold", "Osierbed", "Pipitson",
    "Quernstone", "Reedmace", "Samphire", "Turnstone", "Underbank", "Viperbugle", "Wheatearson", "Yaffleton",
    "Zostera", "Bilberrow", "Cloudberry", "Driftwood-Lee", "Eiderton", "Fulmarson", "Guillemot", "Hobbyhorse",
)  # fmt: skip
STREETS = ("Sandgrain Row", "Old Ropewalk", "Kelp Lane", "Lantern Street", "Thrift Close", "Cocklebed Way")

TOWN = "Marram-on-Sea"
