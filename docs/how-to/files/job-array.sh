#!/bin/bash
# Divides a study between the tasks of a SLURM job array: bash job-array.sh study.toml
# Run it on the login node, in a folder that all nodes see. Adapt these lines:
SHARDS=16
ACCOUNT=(--account=my-account --partition=my-partition)
PREPARE=(--time=04:00:00 --cpus-per-task=8 --mem=16G)
WORK=(--time=01:00:00 --cpus-per-task=1 --mem=8G) # with GPUs: --gres=gpu:1, here and in PREPARE
ACTIVATE="source $HOME/venv/bin/activate"

set -euo pipefail
SPEC=$(realpath "$1")
RUN=$PWD/runs/$(basename "$SPEC" .toml)
mkdir -p logs

submit() { # NAME OPTIONS… COMMAND: prints the number of the job
    local name=$1 command=${*: -1}
    sbatch --parsable --job-name="globscope-$name" --output="logs/%x-%A-%a.txt" "${ACCOUNT[@]}" "${@:2:$#-2}" \
        --wrap="$ACTIVATE; export OMP_NUM_THREADS=\${SLURM_CPUS_PER_TASK:-1}; $command"
}

study="globscope study '$SPEC' --out '$RUN' --yes"
prepare=$(submit prepare "${PREPARE[@]}" "$study --until evaluate")
# Shards are numbered from 1, so the array is too. A task that fails or is preempted is started again by SLURM, or by
# the same line in a shell: it continues with what is missing.
work=$(submit work "${WORK[@]}" --array="1-$SHARDS" --requeue --dependency="afterok:$prepare" \
    "globscope work '$RUN' --shard \$SLURM_ARRAY_TASK_ID/$SHARDS")
# afterany: units of tasks that were lost are scored here.
finish=$(submit finish "${PREPARE[@]}" --dependency="afterany:$work" "$study")
echo "submitted: prepare $prepare, work $work (1-$SHARDS), finish $finish; the report will be $RUN/report.html"
