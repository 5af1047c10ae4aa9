#!/bin/sh
# Proves that a scanner reads every label of a sheet, and labels with a square of 15 % destroyed: renders the sheet
# page by page and compares with the addresses; then counts the damaged labels of the unit test that zbarimg reads.
#
# Needs: apt-get install zbar-tools poppler-utils    Use: scripts/scan-labels.sh [COUNT [SIZE [DPI]]]
set -eu
cd "$(dirname "$0")/.."
count=${1:-72} size=${2:-3x8} dpi=${3:-300}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Without a desktop zbarimg complains of D-Bus on stderr.
scan() { zbarimg --raw -q -Sdisable -Sqrcode.enable "$1" 2>/dev/null; }

cargo run -q -p gengwei-server --example labels -- "$count" "$size" "$work"
pdftoppm -r "$dpi" -gray "$work/sheet.pdf" "$work/page"
for page in "$work"/page*.pgm; do
  scan "$page"
done | sort > "$work/read.txt"
if ! sort "$work/urls.txt" | diff - "$work/read.txt"; then
  echo "zbarimg did not read these of the $count labels $size at $dpi dpi" >&2
  exit 1
fi
echo "zbarimg read all $count labels $size at $dpi dpi"

mkdir "$work/damaged"
GENGWEI_DAMAGED="$work/damaged" cargo test -q -p gengwei-server --lib a_label_reads_with_a_square >/dev/null
read=0
for picture in "$work"/damaged/*.png; do
  [ "$(scan "$picture")" = "$(cat "$work/damaged/url.txt")" ] && read=$((read + 1))
done
echo "zbarimg read $read of $(ls "$work"/damaged/*.png | wc -l) damaged labels"
[ "$read" -ge 95 ]
