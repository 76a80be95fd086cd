"""What the study claims and how surely: the declared plan, comparisons of pairs, courses over visits, ADC and response."""
