from components.program import program

program()
