// Prints every thousandth prime. The primes that it divides by are in its memory, which moves with it.
fn main() {
    let mut primes: Vec<u64> = Vec::new();
    let mut count = 0;
    for number in 2.. {
        let mut divisors = primes.iter().take_while(|prime| *prime * *prime <= number);
        if divisors.any(|prime| number % prime == 0) {
            continue;
        }
        count += 1;
        if number < 1_000_000 {
            primes.push(number); // enough up to a million squared
        }
        if count % 1000 == 0 {
            println!("{} {}", count, number);
        }
    }
}
