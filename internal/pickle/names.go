package pickle

// Global is a name that a pickle refers to, as "module name".
type Global string

const orderedDictName = Global("collections OrderedDict")

func (m *Machine) global() error {
	module, err := m.cur.Line(MaxText, "module name")
	if err != nil {
		return err
	}
	name, err := m.cur.Line(MaxText, "global name")
	if err != nil {
		return err
	}
	return m.pushGlobal(module, name)
}

func (m *Machine) stackGlobal() error {
	names, err := m.pop(2)
	if err != nil {
		return err
	}
	module, ok1 := names[0].(Text)
	name, ok2 := names[1].(Text)
	if !ok1 || !ok2 || module.Size > MaxText || name.Size > MaxText {
		return m.Malformed("the names of a module and of a global", "%s and %s", Describe(names[0]), Describe(names[1]))
	}
	return m.pushGlobal(module.S, name.S)
}

func (m *Machine) wantGlobal() string {
	return "only the names that " + m.names.Kind + "'s own pickles use: a weights file is never executed"
}

func (m *Machine) pushGlobal(module, name string) error {
	g := Global(module + " " + name)
	if _, ok := m.names.Calls[g]; !ok && g != orderedDictName {
		return m.refuse(m.wantGlobal(), "a reference to %.100q, which is refused", module+"."+name)
	}
	return m.push(g)
}

func (m *Machine) reduce() error {
	top, err := m.pop(2)
	if err != nil {
		return err
	}
	callee, _ := top[0].(Global)
	args, isArgs := Tuple(top[1], -1)
	if callee == orderedDictName && isArgs {
		if len(args) != 0 {
			return m.Malformed("OrderedDict()", "%s", DescribeAll(args))
		}
		return m.push(&Dict{})
	}
	call := m.names.Calls[callee]
	if call == nil || !isArgs {
		return m.refuse(m.wantGlobal(), "a call of %s with %s", Describe(top[0]), Describe(top[1]))
	}
	v, err := call(m, args)
	if err != nil {
		return err
	}
	return m.push(v)
}

func (m *Machine) build() error {
	state, err := m.pop(1)
	if err != nil {
		return err
	}
	given := state[0]
	v, err := m.target()
	if err != nil {
		return err
	}
	return m.names.Build(m, v, given)
}

func (m *Machine) persistent() error {
	if m.names.Persistent == nil {
		return m.refuseOpcode('Q', "BINPERSID")
	}
	id, err := m.pop(1)
	if err != nil {
		return err
	}
	v, err := m.names.Persistent(m, id[0])
	if err != nil {
		return err
	}
	return m.push(v)
}
