use std::collections::HashMap;
use std::io::{self, BufRead};

// Counts words of its input; its memory moves with it.
fn main() {
    let mut counts: HashMap<String, u64> = HashMap::new();
    for line in io::stdin().lock().lines() {
        let line = line.expect("the input is text");
        for word in line.split_whitespace() {
            let count = counts.entry(word.to_lowercase()).or_insert(0);
            *count += 1;
            println!("{} {}", count, word);
        }
    }
}
