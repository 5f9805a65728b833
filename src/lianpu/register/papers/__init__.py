"""Word papers of the house: one look for every book, bulletin and letter, restyled here or in Word.

python-docx is heavy: import this package inside the functions that write.
"""
