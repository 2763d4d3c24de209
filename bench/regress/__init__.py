"""Instructions that fixed small runs take, counted by valgrind: a slowdown seen on noisy machines.

Every run goes through the public interface, in a process of its own, on one thread and with AVX2,
the widest that valgrind executes. It is counted twice, doing the work once and several times,
and the difference is the cost of the work alone. The start of Python, imports and preparation
cancel out, with no marks in the code that could be inlined or stripped away. Callgrind counts
exactly, and ``callgrind_annotate`` tells from its file (``--keep``) which function grew.
"""
