"""Runner: from a checkpoint of transformers and a task to a prediction file.

Generation, placement and processes are transformers' and accelerate's. What is ours is the
task (`task`, `examples`), the prompts and their tokens (`prompts`, `encoding`), the plan of
batches (`plan`), and that nothing is lost (`journal`, `run`). The heavy libraries are
imported inside the functions that need them.
"""
