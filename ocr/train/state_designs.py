# SPDX-License-Identifier: Apache-2.0
"""What US plates look like, state by state: present designs and those of the last three decades.

A row is: state | how often | top text, font | bottom text, font | where the name is (t, b) | emblem, place | background. It is
written down from what is commonly known of the designs, not traced from pictures. Fonts: s sans, b bold sans, r serif, l slab,
c script, n narrow; a trailing underscore spaces the letters. Emblems stand g between the groups, l left, r right, c behind the
text. In texts % is any county or town, and alternatives are separated by /.
"""
import os
import re

NAMES = {
    "AK": "Alaska", "AL": "Alabama", "AR": "Arkansas", "AZ": "Arizona", "CA": "California", "CO": "Colorado", "CT": "Connecticut",
    "DC": "Washington, DC", "DE": "Delaware", "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "IA": "Iowa", "ID": "Idaho",
    "IL": "Illinois", "IN": "Indiana", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "MA": "Massachusetts",
    "MD": "Maryland", "ME": "Maine", "MI": "Michigan", "MN": "Minnesota", "MO": "Missouri", "MS": "Mississippi", "MT": "Montana",
    "NC": "North Carolina", "ND": "North Dakota", "NE": "Nebraska", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico",
    "NV": "Nevada", "NY": "New York", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VA": "Virginia", "VT": "Vermont",
    "WA": "Washington", "WI": "Wisconsin", "WV": "West Virginia", "WY": "Wyoming",
}
CODES = sorted(NAMES)
UNKNOWN = len(CODES)  # the class after the last state: no state of the US, or no telling

TABLE = """
AK|6|ALASKA,s_|The Last Frontier/THE LAST FRONTIER,r|t|flag,g|plain
AK|2|ALASKA,b_|CELEBRATING STATEHOOD 1959-2009/Gold Rush Centennial,r|t|picture,l|sun
AK|2|ALASKA,r|The Last Frontier,r|t|figure,c|mount
AL|5|Sweet Home,c|Alabama,r|b|picture,l|waves
AL|3|Alabama,r|Heart of Dixie/God Bless America,s|t|heart,l|sun
AL|3|Stars Fell On,c|Alabama,r|b|star,l|grad
AL|2|HEART OF DIXIE,s|ALABAMA,s_|b|heart,l|plain
AR|5|Arkansas,r|The Natural State/THE NATURAL STATE,c|t|diamond,c|grad
AR|3|ARKANSAS,s|The Natural State,c|t|none,g|bandtop
AZ|8|ARIZONA,s_|GRAND CANYON STATE,s|t|cactus,g|mount
AZ|2|ARIZONA,b_|GRAND CANYON STATE,s|t|none,g|dark
CA|8|California,c|dmv.ca.gov/,s|t|none,g|plain
CA|3|California,c|/LAKE TAHOE/YOSEMITE NATIONAL PARK/COASTAL/SESQUICENTENNIAL 150 YEARS,s|t|figure,l|waves
CA|3|CALIFORNIA,s_|/dmv.ca.gov,s|t|none,g|plain
CA|1|California,r|The Golden State,s|t|sun,r|sun
CA|2|CALIFORNIA,s_|/LEGACY,s|t|none,g|dark
CO|7|/,s|COLORADO,s_|b|none,g|peaks
CO|2|COLORADO,s_|/,s|t|none,g|peaks
CO|2|COLORADO,s|/RESPECT LIFE/PIONEER/DESCENDANTS OF PIONEERS,s|t|picture,l|mount
CT|7|Connecticut,r|Constitution State/CONSTITUTION STATE,s|t|none,g|grad
CT|3|CONNECTICUT,s|CONSTITUTION STATE/Preserve The Sound/Long Island Sound,s|t|picture,l|plain
CT|2|CONSTITUTION STATE,s|CONNECTICUT,s|b|none,g|dark
DC|5|WASHINGTON, DC,s|TAXATION WITHOUT REPRESENTATION/END TAXATION WITHOUT REPRESENTATION,s|t|flag,g|rules
DC|3|Washington, DC/WASHINGTON, D.C.,s|CELEBRATE & DISCOVER/A CAPITAL CITY/NATION'S CAPITAL/www.washingtondc.gov,s|t|flag,g|rules
DC|1|DISTRICT OF COLUMBIA,s|NATION'S CAPITAL/HISTORIC MOTOR VEHICLE,s|t|flag,l|rules
DE|7|THE FIRST STATE,s|DELAWARE,s_|b|none,g|dark
DE|1|DEL./DELAWARE,s_|THE FIRST STATE/,s|t|none,g|dark
FL|6|MYFLORIDA.COM/FLORIDA,r|SUNSHINE STATE/%/IN GOD WE TRUST/%,s|t|oranges,g|plain
FL|2|FLORIDA,s_|%/SUNSHINE STATE,s|t|map,g|plain
FL|3|FLORIDA,s|SAVE THE MANATEE/Protect Wildlife/HELPING SEA TURTLES SURVIVE/PROTECT THE PANTHER/LIVE THE DREAM/UNIVERSITY OF FLORIDA,s|t|picture,c|waves
GA|4|GEORGIA,r_|/%/IN GOD WE TRUST,s|t|peach,g|grad
GA|3|www.GEORGIA.gov/GEORGIA.gov/georgia.gov,r|%/IN GOD WE TRUST/,s|t|peach,g|hills
GA|2|Georgia,c|...on my mind/%,c|t|peach,g|plain
GA|1|PEACH STATE,s|GEORGIA,s_|b|peach,c|plain
HI|8|HAWAII,s|ALOHA STATE,s|t|rainbow,c|rainbow
HI|1|HAWAII,b_|ALOHA STATE,s|t|figure,c|plain
IA|7|IOWA,r_|%,s|t|none,g|skyline
IA|2|IOWA,s_|%,s|t|none,g|dark
ID|4|Scenic IDAHO/Scenic Idaho,r|FAMOUS POTATOES/Famous Potatoes,s|t|none,g|redtop
ID|4|IDAHO/Idaho,r|FAMOUS POTATOES,s|t|none,g|mount
ID|1|IDAHO,s_|FAMOUS POTATOES/CENTENNIAL/Wildlife,s|t|picture,l|mount
IL|6|Illinois,r|Land of Lincoln,r|t|figure,c|grad
IL|4|Illinois,c|Land of Lincoln,r|t|figure,l|grad
IL|2|ILLINOIS,s_|LAND OF LINCOLN/Land of Lincoln,s|t|none,g|plain
IN|4|INDIANA,r|/%/IN GOD WE TRUST/www.in.gov,s|t|map,l|plain
IN|3|Indiana/INDIANA,s|%/1816 BICENTENNIAL 2016/BICENTENNIAL,s|t|star,r|hills
IN|2|%,s|INDIANA,r_|b|star,g|bandtop
IN|2|IN GOD WE TRUST,s|INDIANA,r|b|flag,l|grad
IN|1|THE CROSSROADS OF AMERICA/Amber Waves of Grain,s|Indiana,s|b|none,g|sun
KS|6|KANSAS,s_|/,s|t|seal,g|grad
KS|2|KANSAS,r|/KANSAS.GOV/to the stars,s|t|figure,r|grad
KY|5|KENTUCKY/Kentucky,r|UNBRIDLED SPIRIT/%/IN GOD WE TRUST,s|t|horse,l|grad
KY|3|Kentucky,c|%/BLUEGRASS STATE,s|t|none,g|hills
KY|2|KENTUCKY,s_|BLUEGRASS STATE/%,s|t|none,g|sun
LA|8|Louisiana,c|Sportsman's Paradise/SPORTSMAN'S PARADISE,s|t|pelican,g|grad
LA|2|LOUISIANA,r|SPORTSMAN'S PARADISE/BICENTENNIAL,s|t|picture,l|plain
MA|8|Massachusetts,r|The Spirit of America,r|t|none,g|plain
MA|2|MASSACHUSETTS/Massachusetts,s|/,s|t|none,g|plain
MA|2|Massachusetts,r|CAPE COD & ISLANDS/RED SOX NATION/PRESERVE THE TRUST/Cape Cod & Islands,s|t|picture,l|waves
MD|4|MARYLAND,s_|www.maryland.gov/MARYLAND.GOV/maryland.gov,s|t|seal,g|plain
MD|3|Maryland,c|www.maryland.gov/Treasure the Chesapeake/Our Farms Our Future/,s|t|seal,g|waves
MD|2|MARYLAND,r|WWW.STARSPANGLED200.ORG/MARYLAND PROUD,s|t|flag,c|flag
ME|6|MAINE,s_|Vacationland/VACATIONLAND,c|t|tree,l|plain
ME|3|Maine,r|Vacationland/CONSERVATION/LOBSTER/Support Wildlife,c|t|figure,c|mount
MI|4|MICHIGAN,r|www.michigan.gov/Great Lakes,s|t|none,g|bandtop
MI|3|MICHIGAN/Michigan,s|PURE MICHIGAN/michigan.org/Water Winter Wonderland,s|t|none,g|bandtop
MI|3|MICHIGAN,r|Great Lakes Splendor/GREAT LAKES STATE/GREAT LAKES,c|t|none,g|waves
MI|1|MICHIGAN,s_|GREAT LAKES,s|t|none,g|dark
MN|8|Minnesota,s|10,000 lakes/10,000 Lakes,s|t|map,g|trees
MN|2|Minnesota,r|Explore/10,000 lakes/CRITICAL HABITAT,s|t|picture,l|trees
MO|4|MISSOURI/Missouri,r|SHOW-ME STATE/Show-Me State,s|t|map,g|grad
MO|4|MISSOURI,s|SHOW-ME STATE,s|t|map,g|waves
MO|2|MISSOURI,r_|BICENTENNIAL/1821 BICENTENNIAL 2021/SHOW ME STATE,s|t|seal,g|waves
MO|1|MISSOURI,s_|SHOW-ME STATE,s|t|none,g|dark
MS|4|MISSISSIPPI/Mississippi,c|%/IN GOD WE TRUST,s|t|seal,c|grad
MS|4|Mississippi,c|%,s|t|flower,g|plain
MS|2|MISSISSIPPI,r_|%/Birthplace of America's Music,s|t|guitar,g|grad
MT|4|MONTANA,s_|TREASURE STATE/Treasure State,s|t|none,g|outline
MT|3|Montana,r|BIG SKY COUNTRY/Big Sky Country/BIG SKY,s|t|none,g|mount
MT|2|MONTANA,b_|BIG SKY/Treasure State,s|b|none,g|dark
NC|6|First in Flight/FIRST IN FLIGHT,r|NORTH CAROLINA/North Carolina,s|b|plane,c|waves
NC|3|NORTH CAROLINA,s|First in Flight/First in Freedom/FIRST IN FREEDOM,c|t|plane,c|plain
ND|4|North Dakota/NORTH DAKOTA,r|Peace Garden State,s|t|buffalo,l|sun
ND|3|NORTH DAKOTA/North Dakota,c|Legendary/PEACE GARDEN STATE/Peace Garden State,c|t|buffalo,r|mount
ND|2|DISCOVER THE SPIRIT,s|North Dakota,c|b|buffalo,l|sun
NE|4|NEBRASKA,r_|nebraska.gov/www.nebraska.gov/,s|t|none,g|grad
NE|3|NEBRASKA/Nebraska,s|THE GOOD LIFE/1867-2017/www.state.ne.us/,s|t|figure,g|sun
NE|1|NEBRASKA,s_|CORNHUSKER STATE/THE CORNHUSKER STATE,s|t|none,g|plain
NH|5|New Hampshire/NEW HAMPSHIRE,r|LIVE FREE OR DIE/Live Free or Die,s|t|figure,l|mount
NH|5|LIVE FREE OR DIE,s|NEW HAMPSHIRE,s|b|figure,l|mount
NH|1|NEW HAMPSHIRE,s|LIVE FREE OR DIE,s|t|none,g|plain
NJ|8|New Jersey,r|Garden State,r|t|map,g|grad
NJ|2|NEW JERSEY,s_|GARDEN STATE,s|t|none,g|dark
NJ|2|NEW JERSEY,s|SHORE TO PLEASE/CONSERVE WILDLIFE/Garden State/Animal Friendly,s|t|picture,l|waves
NM|5|New Mexico USA/New Mexico,r|Land of Enchantment/LAND OF ENCHANTMENT,s|t|zia,g|plain
NM|3|NEW MEXICO/NEW MEXICO USA,s|CENTENNIAL 1912-2012/Land of Enchantment/CHILE CAPITAL OF THE WORLD,s|t|zia,g|bandtop
NV|8|NEVADA,r|THE SILVER STATE/The Silver State,s|t|none,g|mount
NV|2|NEVADA,s_|THE SILVER STATE/HOME MEANS NEVADA/HOME MEANS,s|t|none,g|mount
NV|1|NEVADA,s|LAS VEGAS CENTENNIAL 1905-2005/LAKE TAHOE/FREEMASON/UNIVERSITY OF NEVADA,s|t|picture,l|mount
NY|5|NEW YORK,r|EMPIRE STATE/THE EMPIRE STATE,s|t|map,g|bandtop
NY|3|NEW YORK,r|EMPIRE STATE/Empire State,s|t|map,g|bands
NY|2|NEW YORK,s_|EXCELSIOR/EMPIRE STATE,s|t|map,l|waves
NY|1|NEW YORK,s_|/EMPIRE STATE,s|t|figure,g|plain
OH|4|OHIO,r_|Birthplace of Aviation/BIRTHPLACE OF AVIATION,s|t|none,g|hills
OH|3|Ohio,c|Birthplace of Aviation/www.ohio.gov,r|t|plane,c|sun
OH|3|OHIO,s_|THE HEART OF IT ALL!/Birthplace of Aviation/BICENTENNIAL,s|t|none,g|redtop
OK|4|OKLAHOMA,r|NATIVE AMERICA/Native America,s|t|seal,g|plain
OK|4|OKLAHOMA/Oklahoma,s|TRAVELOK.COM/EXPLORE OKLAHOMA/NATIVE AMERICA,s|t|figure,l|mount
OK|1|OKLAHOMA,s_|IMAGINE THAT/OK!/ICONIC OKLAHOMA,s|t|picture,l|bandtop
OR|8|Oregon,r|/,s|t|tree,g|mount
OR|2|Oregon,s|Pacific Wonderland/CRATER LAKE/Crater Lake Centennial/,r|t|picture,l|mount
OR|1|OREGON,s_|PACIFIC WONDERLAND,s|t|none,g|plain
PA|5|PENNSYLVANIA,r|visitPA.com/WWW.STATE.PA.US/www.state.pa.us,s|t|keystone,g|bands
PA|2|PENNSYLVANIA,s|KEYSTONE STATE/Keystone State/Let Freedom Ring,s|t|keystone,g|dark
PA|1|You've Got a Friend in,c|PENNSYLVANIA,s|b|keystone,g|plain
RI|7|Rhode Island,r|Ocean State,s|t|anchor,l|waves
RI|3|RHODE ISLAND/Rhode Island,s|OCEAN STATE/Ocean State,s|t|anchor,l|plain
SC|4|South Carolina,r|Smiling Faces. Beautiful Places./Travel2SC.com/TRAVEL2SC.COM,c|t|palm,g|sun
SC|3|SOUTH CAROLINA,s|While I Breathe, I Hope/WHILE I BREATHE I HOPE,s|t|palm,g|plain
SC|3|Smiling Faces. Beautiful Places.,c|South Carolina/SOUTH CAROLINA,s|b|palm,g|grad
SC|1|IN GOD WE TRUST,s|SOUTH CAROLINA,s|b|palm,l|grad
SD|8|SOUTH DAKOTA/South Dakota,r|GREAT FACES. GREAT PLACES./Great Faces. Great Places.,s|t|none,g|mount
SD|2|South Dakota,c|Great Faces Great Places,c|t|seal,l|mount
TN|4|TENNESSEE,s_|The Volunteer State/TNVACATION.COM/%,s|t|none,g|hills
TN|3|Tennessee,r|THE VOLUNTEER STATE/Volunteer State/%,s|t|none,g|hills
TN|2|TENNESSEE,b_|IN GOD WE TRUST/THE VOLUNTEER STATE/%,s|t|seal,c|dark
TN|1|TENNESSEE,s|%/SOUNDS GOOD TO ME/BICENTENNIAL,s|t|picture,l|plain
TX|5|TEXAS,s_|The Lone Star State/THE LONE STAR STATE,c|t|texas,g|plain
TX|3|TEXAS,r|The Lone Star State/THE LONE STAR STATE,c|t|star,g|mount
TX|2|TEXAS,b_|THE LONE STAR STATE/TRUCK/EXEMPT/1845-1995 150 YEARS OF STATEHOOD,s|t|texas,g|plain
TX|1|TEXAS,s_|THE LONE STAR STATE,s|t|star,r|dark
UT|4|UTAH!/Utah!,r|GREATEST SNOW ON EARTH/Greatest Snow on Earth/SKI UTAH!,s|t|figure,l|mount
UT|4|UTAH,s_|LIFE ELEVATED/Life Elevated,s|t|arch,g|sun
UT|2|UTAH,r|CENTENNIAL 1896-1996/IN GOD WE TRUST,s|t|arch,c|plain
VA|8|VIRGINIA,r|/Virginia is for Lovers/VIRGINIA IS FOR LOVERS,s|t|none,g|plain
VA|3|VIRGINIA,r|1607 400th Anniversary 2007/400TH ANNIVERSARY/JAMESTOWN,s|t|none,g|plain
VA|4|VIRGINIA,r|KIDS FIRST/FIGHT TERRORISM/PARROTHEADS/FRIEND OF THE CHESAPEAKE/WILDLIFE CONSERVATIONIST/IN GOD WE TRUST,s|t|picture,l|plain
VA|1|/,s|VIRGINIA,r|b|picture,l|plain
VA|2|VIRGINIA,s|/,s|t|none,g|hills
VT|9|Vermont,s|Green Mountain State,s|t|none,g|dark
VT|2|VERMONT,s|GREEN MOUNTAIN STATE/Green Mountain State,s|t|picture,l|dark
WA|8|WASHINGTON,s|EVERGREEN STATE,s|t|none,g|peaksmid
WA|2|WASHINGTON,s|EVERGREEN STATE/SEATTLE SEAHAWKS/UNIVERSITY OF WASHINGTON/WASHINGTON STATE,s|t|picture,l|peaksmid
WI|6|WISCONSIN,s|America's Dairyland/AMERICA'S DAIRYLAND,s|t|picture,r|sun
WI|2|Wisconsin,r|AMERICA'S DAIRYLAND/America's Dairyland,s|t|none,g|sun
WI|1|WISCONSIN,s_|AMERICA'S DAIRYLAND/ENDANGERED RESOURCES/CELEBRATE CHILDREN,s|t|picture,l|grad
WV|6|West Virginia,r|Wild, Wonderful,r|t|none,g|bands
WV|2|WEST VIRGINIA,s|WILD, WONDERFUL/wv.gov,s|t|none,g|bandtop
WV|2|West Virginia,s|Wild, Wonderful/SQUARE - ROUND - CLOG/WV.GOV,s|t|picture,l|plain
WY|6|WYOMING/Wyoming,r|/Forever West/FOREVER WEST,s|t|bronco,l|mount
WY|3|Wyoming,c|/,s|t|bronco,g|mount
WY|2|/Forever West,s|WYOMING,s|b|bronco,g|mount
"""

# What is printed in the name's place on plates of nobody's here.
OTHERS = ("Ontario/YOURS_TO_DISCOVER Québec/Je_me_souviens Alberta/WILD_ROSE_COUNTRY Beautiful_British_Columbia/ Friendly_Manitoba/100,000_LAKES "
          "Saskatchewan/LAND_OF_LIVING_SKIES Nova_Scotia/CANADA'S_OCEAN_PLAYGROUND New_Brunswick/Nouveau_Brunswick Newfoundland/and_Labrador "
          "Prince_Edward_Island/ Yukon/The_Klondike NORTHWEST_TERRITORIES/ SONORA/MEXICO BAJA_CALIFORNIA/MEX CHIHUAHUA/MEXICO "
          "U.S._GOVERNMENT/FOR_OFFICIAL_USE_ONLY PUERTO_RICO/Isla_del_Encanto GUAM/Tano_Y_Chamorro US_VIRGIN_ISLANDS/ COSTA_RICA/CENTRO_AMERICA "
          "PANAMA/ HONDURAS/ GUATEMALA/CENTRO_AMERICA QUEENSLAND/SUNSHINE_STATE VICTORIA/THE_EDUCATION_STATE NSW/ BERMUDA/ BAHAMAS/ CURACAO/BON_BINI "
          "CHEROKEE_NATION/ NAVAJO/ DIPLOMAT/ FOREVER/ POLICE/ SECURITY/ TAXI/ DEALER/TEST MAZDA/ TOYOTA/ FORD/ BMW/ SUBARU/ LEXUS/ HONDA/ "
          "JIMMY/ KIDS/ WELCOME/ PRIVATE/ FRONT/").split(" ")
OTHERS = [tuple(t.replace("_", " ").split("/"))[:2] for t in OTHERS if "/" in t]
COUNTIES = ("ADAMS ALLEN BENTON BOONE BROWN CALHOUN CARROLL CASS CLARK CLAY CLINTON CRAWFORD DALLAS DAVIS DOUGLAS FAYETTE FLOYD FRANKLIN "
            "FULTON GRANT GREENE HAMILTON HANCOCK HARDIN HENRY HINDS HOWARD JACKSON JASPER JEFFERSON JOHNSON KENTON KNOX LAKE LEE LINCOLN "
            "LINN LOGAN MADISON MARION MARSHALL MERCER MONROE MONTGOMERY MORGAN ORANGE PERRY PIKE POLK PUTNAM RANKIN SCOTT SHELBY SMITH "
            "STORY SUMNER TAYLOR UNION WARREN WASHINGTON WAYNE WEBSTER HILLSBOROUGH BROWARD COBB GWINNETT DEKALB ST_JOSEPH").split()
FRAMES = ("JIM'S FORD/AUTO PLAZA/TOYOTA OF TOWN/MERCEDES-BENZ/HONDA/www.dealer.com/UNIVERSITY ALUMNI/ALUMNI/GO BLUE/I'D RATHER BE/"
          "MY OTHER CAR IS/BMW/LEXUS/CARMAX/carmax.com/SUBARU/SPRINGFIELD/BURLINGAME/CHEVROLET/800-555-0199/AUTOMOTIVE GROUP/FAST CARS/"
          "MAGIC/HAPPINESS IS/GOLF/US MARINES/VETERAN/ARMY/BAND MOM/PROUD PARENT/MOTORS/FIRST TEAM/NISSAN/DODGE/COUNTRY CLUB").split("/")


def designs():
    """{state: [(weight, (top texts, font), (bottom texts, font), name is at the bottom, (emblem, place), background)]}"""
    out = {code: [] for code in CODES}
    for line in TABLE.strip().splitlines():
        code, weight, top, bottom, where, emblem, back = line.split("|")
        split = [(t.rpartition(",")[0].split("/"), t.rpartition(",")[2]) for t in (top, bottom)]
        out[code].append((int(weight), split[0], split[1], where == "b", tuple(emblem.split(",")), back))
    return out


def series():
    """{state: [(shape, weight)]} from the table of ocr/issuer_series.c."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "issuer_series.c")
    out = {code: [] for code in CODES}
    with open(path, encoding="utf-8") as f:
        for code, shape, weight in re.findall(r'\{"([A-Z]{2})", "([LD]+)", (\d+)\}', f.read()):
            out[code].append((shape, int(weight)))
    return out
