"""Write a checkpoint whose linear layers are rounded to few bits.

Run `python docs/examples/round_weights.py OLD NEW --bits 4`. Each weight becomes the nearest of the
steps between minus and plus the largest of its group, as the simplest of quantisations do it (round
to nearest, symmetric). The rounded weights are saved at full width: the checkpoint is as large as
before and runs anywhere, and what the rounding breaks is seen without the hardware that it is for.
"""

import argparse
from pathlib import Path


def main() -> None:
    """Round the checkpoint and save it."""
    import torch  # noqa: PLC0415
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old")
    parser.add_argument("new", type=Path)
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--group", type=int, default=16, help="weights that share a step")
    chosen = parser.parse_args()
    model = AutoModelForCausalLM.from_pretrained(chosen.old)
    largest = 2 ** (chosen.bits - 1) - 1
    count = 0
    with torch.no_grad():
        for name, module in model.named_modules():
            if isinstance(module, torch.nn.Linear) and name != "lm_head":
                groups = module.weight.reshape(-1, chosen.group)
                step = groups.abs().amax(dim=1, keepdim=True) / largest
                module.weight.copy_(((groups / step).round() * step).reshape_as(module.weight))
                count += module.weight.numel()
    model.save_pretrained(chosen.new)
    AutoTokenizer.from_pretrained(chosen.old).save_pretrained(chosen.new)
    print(f"{chosen.new}: {count:,} weights at {chosen.bits} bits")


if __name__ == "__main__":
    main()
