/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is printed above or below the serial of a state's plates and of no other's: its name, its
 * slogans, its web address; capital letters alone, as ocr/state.c reads them. From common knowledge
 * of the plates; counties and mottoes that several states print are left out.
 *
 * ocr/train/state_lexicon.py reads the rows of this file: keep them as they are.
 */
#include "ocr/issuer_words.h"

/* clang-format off */
static const struct issuer_word rows[] = {
    {"AK", "ALASKA"}, {"AK", "THELASTFRONTIER"},
    {"AL", "ALABAMA"}, {"AL", "HEARTOFDIXIE"}, {"AL", "SWEETHOME"}, {"AL", "STARSFELLON"},
    {"AR", "ARKANSAS"}, {"AR", "THENATURALSTATE"},
    {"AZ", "ARIZONA"}, {"AZ", "GRANDCANYONSTATE"},
    {"CA", "CALIFORNIA"}, {"CA", "DMVCAGOV"}, {"CA", "LAKETAHOE"}, {"CA", "YOSEMITENATIONALPARK"},
    {"CO", "COLORADO"},
    {"CT", "CONNECTICUT"}, {"CT", "CONSTITUTIONSTATE"},
    {"DC", "WASHINGTONDC"}, {"DC", "TAXATIONWITHOUTREPRESENTATION"}, {"DC", "DISTRICTOFCOLUMBIA"}, {"DC", "WASHINGTONDCGOV"},
    {"DE", "DELAWARE"}, {"DE", "THEFIRSTSTATE"},
    {"FL", "FLORIDA"}, {"FL", "MYFLORIDACOM"}, {"FL", "SUNSHINESTATE"},
    {"GA", "GEORGIA"}, {"GA", "GEORGIAGOV"}, {"GA", "WWWGEORGIAGOV"}, {"GA", "PEACHSTATE"},
    {"HI", "HAWAII"}, {"HI", "ALOHASTATE"},
    {"IA", "IOWA"},
    {"ID", "IDAHO"}, {"ID", "SCENICIDAHO"}, {"ID", "FAMOUSPOTATOES"},
    {"IL", "ILLINOIS"}, {"IL", "LANDOFLINCOLN"},
    {"IN", "INDIANA"}, {"IN", "HOOSIERSTATE"},
    {"KS", "KANSAS"},
    {"KY", "KENTUCKY"}, {"KY", "UNBRIDLEDSPIRIT"}, {"KY", "BLUEGRASSSTATE"},
    {"LA", "LOUISIANA"}, {"LA", "SPORTSMANSPARADISE"},
    {"MA", "MASSACHUSETTS"}, {"MA", "THESPIRITOFAMERICA"},
    {"MD", "MARYLAND"}, {"MD", "MARYLANDGOV"}, {"MD", "WWWMARYLANDGOV"},
    {"ME", "MAINE"}, {"ME", "VACATIONLAND"},
    {"MI", "MICHIGAN"}, {"MI", "GREATLAKES"}, {"MI", "WWWMICHIGANGOV"}, {"MI", "PUREMICHIGAN"}, {"MI", "GREATLAKESSPLENDOR"},
    {"MN", "MINNESOTA"}, {"MN", "LAKES"},
    {"MO", "MISSOURI"}, {"MO", "SHOWMESTATE"},
    {"MS", "MISSISSIPPI"},
    {"MT", "MONTANA"}, {"MT", "TREASURESTATE"}, {"MT", "BIGSKY"}, {"MT", "BIGSKYCOUNTRY"},
    {"NC", "NORTHCAROLINA"}, {"NC", "FIRSTINFLIGHT"}, {"NC", "FIRSTINFREEDOM"},
    {"ND", "NORTHDAKOTA"}, {"ND", "PEACEGARDENSTATE"}, {"ND", "DISCOVERTHESPIRIT"},
    {"NE", "NEBRASKA"}, {"NE", "NEBRASKAGOV"}, {"NE", "WWWNEBRASKAGOV"}, {"NE", "CORNHUSKERSTATE"},
    {"NH", "NEWHAMPSHIRE"}, {"NH", "LIVEFREEORDIE"},
    {"NJ", "NEWJERSEY"}, {"NJ", "GARDENSTATE"},
    {"NM", "NEWMEXICO"}, {"NM", "NEWMEXICOUSA"}, {"NM", "LANDOFENCHANTMENT"},
    {"NV", "NEVADA"}, {"NV", "THESILVERSTATE"}, {"NV", "HOMEMEANSNEVADA"},
    {"NY", "NEWYORK"}, {"NY", "EMPIRESTATE"}, {"NY", "THEEMPIRESTATE"}, {"NY", "EXCELSIOR"},
    {"OH", "OHIO"}, {"OH", "BIRTHPLACEOFAVIATION"}, {"OH", "THEHEARTOFITALL"},
    {"OK", "OKLAHOMA"}, {"OK", "NATIVEAMERICA"}, {"OK", "TRAVELOKCOM"},
    {"OR", "OREGON"}, {"OR", "PACIFICWONDERLAND"},
    {"PA", "PENNSYLVANIA"}, {"PA", "KEYSTONESTATE"}, {"PA", "VISITPACOM"}, {"PA", "WWWSTATEPAUS"}, {"PA", "YOUVEGOTAFRIENDIN"},
    {"RI", "RHODEISLAND"}, {"RI", "OCEANSTATE"},
    {"SC", "SOUTHCAROLINA"}, {"SC", "SMILINGFACESBEAUTIFULPLACES"}, {"SC", "WHILEIBREATHEIHOPE"}, {"SC", "TRAVELSCCOM"},
    {"SD", "SOUTHDAKOTA"}, {"SD", "GREATFACESGREATPLACES"},
    {"TN", "TENNESSEE"}, {"TN", "THEVOLUNTEERSTATE"}, {"TN", "VOLUNTEERSTATE"}, {"TN", "TNVACATIONCOM"},
    {"TX", "TEXAS"}, {"TX", "THELONESTARSTATE"},
    {"UT", "UTAH"}, {"UT", "GREATESTSNOWONEARTH"}, {"UT", "LIFEELEVATED"},
    {"VA", "VIRGINIA"}, {"VA", "VIRGINIAISFORLOVERS"},
    {"VT", "VERMONT"}, {"VT", "GREENMOUNTAINSTATE"},
    {"WA", "WASHINGTON"}, {"WA", "EVERGREENSTATE"},
    {"WI", "WISCONSIN"}, {"WI", "AMERICASDAIRYLAND"},
    {"WV", "WESTVIRGINIA"}, {"WV", "WILDWONDERFUL"},
    {"WY", "WYOMING"}, {"WY", "FOREVERWEST"},
    {"", "ONTARIO"}, {"", "YOURSTODISCOVER"}, {"", "QUEBEC"}, {"", "JEMESOUVIENS"}, {"", "ALBERTA"}, {"", "BRITISHCOLUMBIA"}, {"", "BEAUTIFULBRITISHCOLUMBIA"},
    {"", "MANITOBA"}, {"", "FRIENDLYMANITOBA"}, {"", "SASKATCHEWAN"}, {"", "NEWBRUNSWICK"}, {"", "NOVASCOTIA"}, {"", "NEWFOUNDLAND"}, {"", "YUKON"},
    {"", "PUERTORICO"}, {"", "GUAM"}, {"", "MEXICO"}, {"", "SONORA"}, {"", "CHIHUAHUA"}, {"", "TAMAULIPAS"}, {"", "COAHUILA"}, {"", "NUEVOLEON"},
    {"", "USGOVERNMENT"}, {"", "FOROFFICIALUSEONLY"},
};
/* clang-format on */

const struct issuer_word *issuer_words(size_t *n)
{
	*n = sizeof rows / sizeof *rows;
	return rows;
}
