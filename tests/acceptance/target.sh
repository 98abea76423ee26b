#!/usr/bin/env bash
# Compares what `linnet quantize --target-size` makes with what llama-quantize makes in as many
# bytes, by the divergence that llama-perplexity measures (context 512, 40 chunks).
# Usage: target.sh LINNET PEER F16.gguf CALIBRATION.txt TEST.txt [TYPE...]
# PEER is a folder with llama-quantize, llama-imatrix and llama-perplexity. Some minutes a type.
set -euo pipefail
linnet=$1 peer=$2 model=$3 calibration=$4 text=$5
shift 5
types=("$@")
[ ${#types[@]} -gt 0 ] || types=(Q4_K_M Q3_K_M Q2_K)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export LD_LIBRARY_PATH=$peer

perplexity() {
  "$peer/llama-perplexity" -f "$text" -c 512 --chunks 40 --kl-divergence-base "$folder/base" \
    "$@" 2>&1
}
divergence() { perplexity -m "$1" --kl-divergence | sed -n 's/^Mean  *KLD: *//p'; }

"$peer/llama-imatrix" -m "$model" -f "$calibration" -o "$folder/imatrix.gguf" -c 512 --chunks 40 \
  >"$folder/log" 2>&1
perplexity -m "$model" >"$folder/log"
for type in "${types[@]}"; do
  "$peer/llama-quantize" --imatrix "$folder/imatrix.gguf" "$model" "$folder/theirs.gguf" "$type" \
    >"$folder/log" 2>&1
  bytes=$(stat -c %s "$folder/theirs.gguf")
  "$linnet" quantize "$model" "$folder/ours.gguf" --target-size "$bytes" --quiet \
    --calibration "$calibration" --costs "$folder/costs.json"
  echo "$type: $bytes bytes, divergence $(divergence "$folder/theirs.gguf");" \
    "linnet: $(stat -c %s "$folder/ours.gguf") bytes, divergence $(divergence "$folder/ours.gguf")"
done
