SELECT made FROM {state} WHERE source = ''
