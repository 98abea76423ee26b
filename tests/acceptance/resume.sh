#!/usr/bin/env bash
# Kills `linnet quantize --target-size` at random moments, takes it up again until it is done, and
# compares the bytes with those of a run that nobody disturbed.
# Usage: resume.sh LINNET F16.gguf CALIBRATION.txt SIZE [SECONDS...]: when to kill it, one after the
# other; 5 9 14 20 30 without.
set -euo pipefail
linnet=$1 model=$2 calibration=$3 size=$4
shift 4
moments=("$@")
[ ${#moments[@]} -gt 0 ] || moments=(5 9 14 20 30)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
settings=(--target-size "$size" --quiet --calibration "$calibration"
  --calibration-chunks 8)
for seconds in "${moments[@]}"; do
  "$linnet" quantize "$model" "$folder/out.gguf" "${settings[@]}" --resume &
  process=$!
  sleep "$seconds"
  if ! kill -9 "$process" 2>"$folder/log"; then break; fi
  wait "$process" || true
  [ -e "$folder/out.gguf" ] && break
  echo "killed after $seconds s: $(wc -l <"$folder/out.gguf.journal") lines of journal," \
    "$(stat -c %s "$folder/out.gguf.part" 2>"$folder/log" || echo 0) bytes written"
done
if [ ! -e "$folder/out.gguf" ]; then
  "$linnet" quantize "$model" "$folder/out.gguf" "${settings[@]}" --resume
fi
left=$(find "$folder" -name 'out.gguf.*' | wc -l)
"$linnet" quantize "$model" "$folder/whole.gguf" "${settings[@]}"
cmp "$folder/out.gguf" "$folder/whole.gguf"
[ "$left" -eq 0 ]
echo "the same $size bytes, and nothing left beside them"
