#!/usr/bin/env bash
# Compares `linnet quantize` with llama-quantize, whole file by whole file, with and without an
# importance matrix.
# Usage: quantize.sh LINNET PEER MODEL.gguf IMATRIX.gguf [TYPE...]
# PEER is a folder with a llama-quantize compiled with -ffp-contract=off. Prints a line for each
# type; fails where bytes differ.
set -euo pipefail
linnet=$1 peer=$2 model=$3 imatrix=$4
shift 4
types=("$@")
[ ${#types[@]} -gt 0 ] || types=(F32 BF16 Q8_0 Q6_K Q5_K_M Q5_K_S Q5_1 Q5_0 Q4_K_M Q4_K_S Q4_1 Q4_0
  IQ4_NL IQ4_XS MXFP4_MOE Q3_K_L Q3_K_M Q3_K_S Q2_K Q2_0 TQ2_0 TQ1_0)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ours=$folder/ours.gguf theirs=$folder/theirs.gguf log=$folder/log
export LD_LIBRARY_PATH=$peer
failed=0

took() { awk "BEGIN { printf \"%.1f s\", $(date +%s.%N) - $1 }"; }

for type in "${types[@]}"; do
  for weighted in "" " weighted"; do
    options=()
    [ -z "$weighted" ] || options=(--imatrix "$imatrix")
    start=$(date +%s.%N)
    "$linnet" quantize "$model" "$ours" --type "$type" "${options[@]}" --quiet >"$log" 2>&1 ||
      cat "$log"
    ours_took=$(took "$start") start=$(date +%s.%N)
    "$peer/llama-quantize" "${options[@]}" "$model" "$theirs" "$type" 2 >"$log" 2>&1 ||
      tail -3 "$log"
    theirs_took=$(took "$start")
    if cmp -s "$ours" "$theirs"; then same=equal; else same=DIFFERENT failed=1; fi
    bytes=$(stat -c %s "$ours")
    echo "$type$weighted: $same, $bytes bytes, $ours_took, llama-quantize $theirs_took"
    rm -f "$ours" "$theirs"
  done
done
exit $failed
