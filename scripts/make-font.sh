#!/bin/sh
# Makes server/assets/fonts/gengwei-label.ttf: the typeface of labels and sheets.
#
# Source: WenQuanYi Micro Hei (文泉驿微米黑) 0.2.0-beta from Debian's fonts-wqy-microhei, TrueType outlines,
# taken under the Apache License 2.0 (it is also offered under GPL-3 with the font exception). The copy is cut
# down and therefore renamed; the notice of what was changed is server/assets/fonts/NOTICE.
#
# All 20,902 first Chinese characters of Unicode stay in, not only GB 2312's 6,763: a village whose name holds a
# rare character (墚, 崾, 塄 …) must get it on its sign.
#
# Needs: apt-get install fonts-wqy-microhei python3-fonttools
set -eu
cd "$(dirname "$0")/.."
source=/usr/share/fonts/truetype/wqy/wqy-microhei.ttc
out=server/assets/fonts/gengwei-label.ttf
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

/usr/bin/python3 - "$work" <<'PY'
import sys
chars = {chr(c) for c in [*range(0x20, 0x7F), *range(0x4E00, 0x9FA6)]}
# GB 2312 whole: beside the characters its punctuation, digits, letters and frames (rows 1 to 9).
for high in range(0xA1, 0xF8):
    for low in range(0xA1, 0xFF):
        try:
            chars.add(bytes([high, low]).decode("gb2312"))
        except UnicodeDecodeError:
            pass
# Middle dot, dashes, quotation marks, degree and the units of area that GB 2312 lacks.
chars |= set("·–—‘’“”…°©²³×①②③④⑤⑥〓□■㎡")
with open(f"{sys.argv[1]}/chars.txt", "w", encoding="utf-8") as f:
    f.write("".join(sorted(chars)))
PY

/usr/bin/python3 -m fontTools.subset "$source" --font-number=0 --text-file="$work/chars.txt" --output-file="$work/cut.ttf" \
  --no-hinting --desubroutinize --layout-features='' --notdef-outline --name-IDs='' --drop-tables+=GSUB,GPOS,GDEF,gasp,vhea,vmtx

/usr/bin/python3 - "$work/cut.ttf" "$out" <<'PY'
import sys
from fontTools.ttLib import TTFont
font = TTFont(sys.argv[1], recalcTimestamp=False)
for name, text in {
    0: "Derived from WenQuanYi Micro Hei, (c) 2008-2009 WenQuanYi Project and contributors; "
       "based on Droid, (c) 2006-2008 Google Corporation, Ascender Corp.",
    1: "Gengwei Label", 2: "Regular", 3: "Gengwei Label 1", 4: "Gengwei Label", 5: "Version 1.0",
    6: "GengweiLabel-Regular",
    13: "Apache License, Version 2.0", 14: "http://www.apache.org/licenses/LICENSE-2.0",
}.items():
    font["name"].setName(text, name, 3, 1, 0x409)
font.save(sys.argv[2])
print(sys.argv[2], len(font.getGlyphOrder()), "glyphs")
PY
ls -l "$out"
