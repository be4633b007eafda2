UPDATE {state} SET seen = seen_next
