# Runs the program on a journal of its own, and looks at what it says.
file(REMOVE_RECURSE "${dir}")
execute_process(COMMAND "${program}" "${dir}"
  RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE errors)
foreach(line "event 1 is on disk" "the rule says no: rejected: below-zero" "total: 3\n")
  string(FIND "${out}" "${line}" found)
  if(NOT status EQUAL 0 OR found EQUAL -1)
    message(FATAL_ERROR "status ${status}, no line \"${line}\" in:\n${out}${errors}")
  endif()
endforeach()
