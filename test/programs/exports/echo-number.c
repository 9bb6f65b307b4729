/* Gives back the number that it is called with. */
__attribute__((export_name("echo"))) unsigned echo(unsigned number) { return number; }
